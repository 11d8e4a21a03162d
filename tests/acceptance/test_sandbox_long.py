"""Thirty days and more of hourly and minute bars: two sessions at full speed, their replays and a backtest agree."""

from datetime import date
from pathlib import Path

import pytest

from tests.firm_runs import synthetic_market
from tests.live_runs import SLICED, Desk, assert_done_once, assert_replays, assert_sealed, books, desk

pytestmark = pytest.mark.slow


@pytest.fixture
def minutes(tmp_path: Path) -> Desk:
    """Three stocks over 21 sessions, which are thirty days, of minute bars: 8,190 rounds."""
    changes = SLICED | {"signals.hosting": "shared"}
    return desk(
        tmp_path / "desk", synthetic_market(["A", "B", "C"], 21, "1-MINUTE"), changes, bar="1-MINUTE", macro=False
    )


@pytest.fixture
def hours(tmp_path: Path) -> Desk:
    """Three stocks over 60 sessions of hourly bars, a half day among them."""
    market = synthetic_market(["A", "B", "C"], 60, "1-HOUR", start=date(2012, 6, 1))
    return desk(tmp_path / "desk", market, {"market.bar": "1-HOUR"}, bar="1-HOUR", macro=False)


@pytest.mark.parametrize(("name", "least_rounds"), [("minutes", 2_000), ("hours", 400)])
def test_two_long_sessions_and_a_backtest_agree(
    tmp_path: Path, request: pytest.FixtureRequest, name: str, least_rounds: int
) -> None:
    made: Desk = request.getfixturevalue(name)
    found = []
    for place in ("first", "second"):
        ended = made.run(tmp_path / place)
        assert ended.status == 0, ended.errors
        result = assert_sealed(tmp_path / place, "normal")
        assert_done_once(tmp_path / place)
        assert_replays(tmp_path / place)
        found.append(books(result))
    assert found[0]["rounds"] >= least_rounds
    assert len(found[0]["fills"]) > 100
    assert found[0] == found[1] == books(made.backtest(tmp_path / "backtest"))
