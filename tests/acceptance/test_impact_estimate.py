"""The estimate of impact: in every parent's record, from what was known, and what it may change."""

from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import polars as pl
import pytest

from nautilus_ai_firm.models.execution.costs import square_root_impact
from nautilus_ai_firm.research.lookahead.audit import audit_lookahead
from nautilus_ai_firm.runs.folder import Run
from nautilus_ai_firm.settings import ConfigError
from tests.acceptance.conftest import SLICED, Studied
from tests.firm_runs import run, settings

LAW: dict[str, Any] = {"execution.impact": {"coefficient": 0.9}}
NOT_BEFORE_BPS = {"at_once_below_bps": 1e4 - 2, "whole_duration_from_bps": 1e4 - 1}
SESSION_MINUTES = 390


def orders(done: Run) -> pl.DataFrame:
    return pl.from_pandas(done.table("execution")).filter(pl.col("origin") == "decision")


@pytest.fixture(scope="module")
def estimated(minutes: Studied, tmp_path_factory: pytest.TempPathFactory) -> Run:
    """The study in slices, with an estimate for each order."""
    loaded = settings(["A", "B"], SLICED | LAW, macro=False)
    return run(loaded, minutes.catalog, tmp_path_factory.mktemp("estimated") / "run")


def test_every_order_has_the_estimate_of_the_bars_before_it(minutes: Studied, estimated: Run) -> None:
    """The law by hand, with pandas' averages of the bars up to the decision."""
    found = orders(estimated)
    assert len(found) > 100
    span = minutes.loaded.firm.execution.volume_span
    for symbol, bars in minutes.market.bars.items():
        volume = pd.Series(bars.volume).ewm(span=span).mean().to_numpy() * SESSION_MINUTES
        moves = pd.Series(np.diff(np.log(bars.close), prepend=np.nan) ** 2)
        squares = moves.ewm(span=span, ignore_na=True).mean().to_numpy()
        own = found.filter(pl.col("instrument_id").str.starts_with(symbol))
        at = np.searchsorted(bars.ts_close_ns, own["decision_ts"].cast(pl.Int64).to_numpy())
        assert own["average_daily_volume"].to_numpy() == pytest.approx(volume[at])
        assert own["volatility_per_day"].to_numpy() == pytest.approx(np.sqrt(squares[at] * SESSION_MINUTES))
        by_hand = [
            1e4 * square_root_impact(quantity, day, volatility, 0.9)
            for quantity, day, volatility in zip(
                own["quantity"], own["average_daily_volume"], own["volatility_per_day"], strict=True
            )
        ]
        assert own["estimated_impact_bps"].to_numpy() == pytest.approx(by_hand)


def test_an_estimate_alone_changes_nothing_that_is_traded(minutes: Studied, estimated: Run) -> None:
    assert estimated.summary["result_sha256"] == minutes.run.summary["result_sha256"]
    assert orders(minutes.run)["estimated_impact_bps"].is_null().all()


def test_the_choice_by_impact_sends_small_impacts_at_once_and_slices_large_ones(
    minutes: Studied, tmp_path: Path
) -> None:
    """The control of the test above: here the estimate decides."""
    sliced = {}
    for name, by_impact in (
        ("never", NOT_BEFORE_BPS),
        ("always", {"at_once_below_bps": 0.0, "whole_duration_from_bps": 1e-9}),
    ):
        changes = SLICED | LAW | {"execution.algorithm": {"by_impact": by_impact}}
        done = run(settings(["A", "B"], changes, macro=False), minutes.catalog, tmp_path / name)
        sent = orders(done).filter(pl.col("filled_quantity") > 0)
        sliced[name] = (sent["exec_algorithm"] == "TWAP").sum() / len(sent)
        assert len(sent) > 20
    assert sliced["never"] == 0
    assert sliced["always"] > 0.9


def test_a_choice_by_impact_without_an_estimate_is_refused() -> None:
    with pytest.raises(ConfigError, match=r"there is no execution.impact to estimate it"):
        settings(["A"], SLICED | {"execution.algorithm": {"by_impact": NOT_BEFORE_BPS}}, macro=False)


@pytest.mark.parametrize(
    ("impact", "message"),
    [
        ({}, "coefficient"),
        ({"coefficient": -1.0}, "coefficient"),
        ({"coefficient": 1.0, "exponent": 0.0}, "exponent"),
        ({"coefficient": 1.0, "open_premium": -1.5}, "open_premium"),
        ({"coefficient": 1.0, "depth": 1.0}, "depth"),
    ],
)
def test_a_table_out_of_range_is_refused(impact: dict[str, float], message: str) -> None:
    with pytest.raises(ConfigError, match=message):
        settings(["A"], {"execution.impact": impact}, macro=False)


@pytest.mark.slow
def test_what_is_chosen_by_impact_does_not_look_ahead(minutes: Studied) -> None:
    """Between the two bounds the horizon of each order follows its estimate."""
    by_impact = {"at_once_below_bps": 0.5, "whole_duration_from_bps": 20.0}
    loaded = settings(["A", "B"], SLICED | LAW | {"execution.algorithm": {"by_impact": by_impact}}, macro=False)
    audited = audit_lookahead(loaded, minutes.catalog, dates=2, seed=1)
    assert audited.first_leak is None
    assert audited.compared[-1].fills > 50
