"""A run across a corporate action on prices as traded is refused, and so is one that cannot know of any."""

from datetime import date
from html import escape
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import tomli_w

from nautilus_ai_firm.data.catalog import Catalog
from nautilus_ai_firm.data.inspection import inspect
from nautilus_ai_firm.data.lean import add_lean
from nautilus_ai_firm.data.manifest import Action, Adjustment, Listing, Provenance
from nautilus_ai_firm.data.synthetic import synthetic_bars
from nautilus_ai_firm.hosts.study import Study, prepare
from nautilus_ai_firm.research.command_line import backtest
from nautilus_ai_firm.research.outline import in_catalog
from nautilus_ai_firm.runs.folder import open_run
from nautilus_ai_firm.settings import ConfigError
from tests.firm_runs import raw_firm, settings

SPLIT = Action(date="2012-02-01", price_factor=1.0, split_factor=1 / 7)
LISTING = Listing(instrument_class="Equity", tradable=True, calendar="XNYS")
SPRING_NS, AUTUMN_NS = (int(np.datetime64(day, "ns").astype(np.int64)) for day in ("2014-05-01", "2014-09-01"))
LOADED = settings(("A",), macro=False)


def catalog(
    path: Path,
    actions: tuple[Action, ...] | None,
    adjustment: Adjustment = "raw",
    listing: Listing = LISTING,
    *,
    stated: bool = False,
) -> Path:
    provenance = Provenance(
        source="test",
        licence="none",
        source_sha256="0",
        adjustment=adjustment,
        as_of="2012-01-03",
        actions=actions,
        actions_stated=stated,
    )
    with Catalog(path).update() as update:  # 2012-01-03 to 2012-03-28
        update.add_bars("A.US", "1-DAY", synthetic_bars(("A",), 60)["A"], listing, provenance)
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


def test_a_raw_series_of_which_nobody_knows_is_refused_with_what_to_do(tmp_path):
    said = (
        r"^test: market.universe trades A.US-1-DAY-LAST-EXTERNAL, raw with splits and dividends unknown, so one may "
        r"fall between 2012-01-03 and 2012-03-28 \(allowed: an adjusted series, or one added with --no-actions\)$"
    )
    with pytest.raises(ConfigError, match=said):
        caveats(catalog(tmp_path, None))


def test_what_is_no_share_has_no_corporate_actions_and_an_adjusted_series_has_them_in_it(tmp_path):
    pair = Listing(instrument_class="CurrencyPair", tradable=True, calendar="XNYS", base_currency="EUR")
    assert caveats(catalog(tmp_path / "pair", None, listing=pair)) == ()
    assert caveats(catalog(tmp_path / "adjusted", None, "total_return")) == ()


def test_a_run_that_leans_on_its_owners_word_says_so_wherever_it_is_read(tmp_path, capsys):
    path = catalog(tmp_path / "catalog", (), stated=True)
    said = "raw prices: A.US-1-DAY-LAST-EXTERNAL has no splits or dividends by its owner's word alone"
    assert caveats(path) == (said,)
    assert said in in_catalog(LOADED, path).splitlines()
    config = tmp_path / "firm.toml"
    config.write_text(tomli_w.dumps(raw_firm(("A",), macro=False)), encoding="utf-8")
    arguments = ["--config", str(config), "--catalog", str(path), "--out", str(tmp_path / "run")]
    assert backtest("a study", config="none.toml", catalog_command="none", arguments=arguments) == 0
    assert f"*** {said} ***" in capsys.readouterr().out.splitlines()
    assert open_run(tmp_path / "run").summary["not_modelled"][-1] == said
    page = (tmp_path / "run/tearsheet.html").read_text(encoding="utf-8")
    assert f'<p class="halt">{escape(said)}</p>' in page


@pytest.mark.parametrize(
    ("actions", "error"),
    [((SPLIT,), "corporate action on 2012-02-01"), (None, "splits and dividends unknown")],
)
def test_the_script_exits_2_and_leaves_no_run(tmp_path, capsys, actions, error):
    path = catalog(tmp_path / "catalog", actions)
    config = tmp_path / "firm.toml"
    config.write_text(tomli_w.dumps(raw_firm(("A",), macro=False)), encoding="utf-8")
    arguments = ["--config", str(config), "--catalog", str(path), "--out", str(tmp_path / "run")]
    assert backtest("a study", config="none.toml", catalog_command="none", arguments=arguments) == 2
    said = capsys.readouterr().err
    assert error in said
    assert len(said.splitlines()) == 1
    assert not list(tmp_path.glob("run*"))


@pytest.mark.shared_data
def test_apples_split_of_2014_stops_a_raw_run_and_is_not_seen_in_an_adjusted_one(tmp_path, shared_data):
    loaded = settings(("AAPL",), {"market.universe": [{"id": "AAPL.USA", "max_order_value": 1e6}]}, macro=False)
    window: dict[str, Any] = {"start": date(2014, 5, 15), "end": date(2014, 8, 1)}
    bases: tuple[Adjustment, ...] = ("raw", "split", "total_return")
    catalogs: dict[Adjustment, Catalog] = {adjustment: Catalog(tmp_path / adjustment) for adjustment in bases}
    for adjustment, target in catalogs.items():
        add_lean(target, shared_data / "lean", ["AAPL"], adjustment)
    with pytest.raises(
        ConfigError, match=r"AAPL.USA-1-DAY.*, which is raw, .* on 2014-06-09 \(.*split factor 0.142857"
    ):
        prepare(Study(loaded=loaded, catalog=catalogs["raw"].path, **window))
    name = "AAPL.USA-1-DAY-LAST-EXTERNAL"
    for adjustment in ("split", "total_return"):
        target = catalogs[adjustment]
        assert prepare(Study(loaded=loaded, catalog=target.path, **window)).caveats == ()
        actions = target.record(name).provenance.actions
        assert actions is not None
        assert "2014-06-09" in {action.date for action in actions}
        assert not [finding for finding in list(inspect(target, [name])) if "corporate action" in finding]
        bars = target.bar_columns(name)
        returns = np.diff(np.log(bars.close[(bars.ts_close_ns > SPRING_NS) & (bars.ts_close_ns < AUTUMN_NS)]))
        assert 60 < returns.size < 130
        assert np.abs(returns).max() < 0.1
