"""A run across a corporate action on prices as traded is refused; one that cannot know of any says so."""

from pathlib import Path

import numpy as np
import pytest
import tomli_w

from nautilus_ai_firm.data.catalog import Catalog
from nautilus_ai_firm.data.manifest import Action, Adjustment, Listing, Provenance
from nautilus_ai_firm.data.synthetic import synthetic_bars
from nautilus_ai_firm.hosts.study import Study, prepare
from nautilus_ai_firm.research.command_line import backtest
from nautilus_ai_firm.settings import ConfigError
from tests.firm_runs import raw_firm, run, settings

SPLIT = Action(date="2012-02-01", price_factor=1.0, split_factor=1 / 7)
LISTING = Listing(instrument_class="Equity", tradable=True, calendar="XNYS")
LOADED = settings(("A",), macro=False)


def catalog(path: Path, actions: tuple[Action, ...] | None, adjustment: Adjustment = "raw") -> Path:
    provenance = Provenance(
        source="test", licence="none", source_sha256="0", adjustment=adjustment, as_of="2012-01-03", actions=actions
    )
    with Catalog(path).update() as update:  # 2012-01-03 to 2012-03-28
        update.add_bars("A.US", "1-DAY", synthetic_bars(("A",), 60)["A"], LISTING, provenance)
    return path


def caveats(path: Path, **window: str) -> tuple[str, ...]:
    days = {name: np.datetime64(day, "D").astype(object) for name, day in window.items()}
    return prepare(Study(loaded=LOADED, catalog=path, **days)).caveats


def test_a_run_across_an_action_is_refused_with_series_date_and_factors(tmp_path):
    path = catalog(tmp_path, (SPLIT,))
    said = (
        r"^test: market.universe trades A.US-1-DAY-LAST-EXTERNAL, which is raw, from 2012-01-03 to 2012-03-28, "
        r"across a corporate action on 2012-02-01 \(price factor 1, split factor 0.142857\) \(allowed: "
    )
    with pytest.raises(ConfigError, match=said):
        caveats(path)


@pytest.mark.parametrize(
    ("window", "refused"),
    [
        ({"end": "2012-01-31"}, False),
        ({"end": "2012-02-01"}, True),
        ({"start": "2012-01-31"}, True),
        ({"start": "2012-02-01"}, False),
        ({"start": "2012-02-02"}, False),
    ],
)
def test_an_action_counts_from_the_second_session_of_a_run_to_its_last(tmp_path, window, refused):
    path = catalog(tmp_path, (SPLIT,))
    if refused:
        with pytest.raises(ConfigError, match="2012-02-01"):
            caveats(path, **window)
    else:
        assert caveats(path, **window) == ()


def test_adjusted_series_and_series_without_actions_say_nothing(tmp_path):
    assert caveats(catalog(tmp_path / "raw", ())) == ()
    assert caveats(catalog(tmp_path / "split", (SPLIT,), "split")) == ()


def test_a_run_on_a_raw_series_of_which_nobody_knows_says_so_in_its_summary(tmp_path):
    path = catalog(tmp_path / "catalog", None)
    said = "splits and dividends of A.US-1-DAY-LAST-EXTERNAL: it is raw, and nobody stated whether it has any"
    assert caveats(path) == (said,)
    assert run(LOADED, path, tmp_path / "run").summary["not_modelled"][-1] == said


def test_the_script_exits_2_and_leaves_no_run(tmp_path, capsys):
    path = catalog(tmp_path / "catalog", (SPLIT,))
    config = tmp_path / "firm.toml"
    config.write_text(tomli_w.dumps(raw_firm(("A",), macro=False)), encoding="utf-8")
    arguments = ["--config", str(config), "--catalog", str(path), "--out", str(tmp_path / "run")]
    assert backtest("a study", config="none.toml", catalog_command="none", arguments=arguments) == 2
    error = capsys.readouterr().err
    assert "corporate action on 2012-02-01" in error
    assert len(error.splitlines()) == 1
    assert not list(tmp_path.glob("run*"))
