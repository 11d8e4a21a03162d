"""An addition to a position goes out only while the market stands beyond its price."""

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest

from nautilus_ai_firm.agents.parents import ParentPlanner
from tests.acceptance.one_share import MONDAY, minutes_of, parents
from tests.firm_runs import flat_minutes


@pytest.fixture
def floors(monkeypatch: pytest.MonkeyPatch) -> Callable[[float], None]:
    """Let every parent have a floor price."""

    def at(price: float) -> None:
        honest = ParentPlanner.plan

        def plan(planner: ParentPlanner, *args: Any) -> Any:
            planned = honest(planner, *args)
            return replace(planned, parent=planner.confirmed(planned.parent, price))

        monkeypatch.setattr(ParentPlanner, "plan", plan)

    return at


def test_an_addition_goes_out_only_while_the_market_confirms_it(worked: Any, floors: Any) -> None:
    floors(100.5)
    bars = flat_minutes(MONDAY, 1, prices={12: 101.0, 13: 101.0, 20: 102.0}).take(slice(0, 90))
    played = worked({10: [10_000]}, None, bars)
    assert parents(played) == [("PYRAMID", 10_000, 8_000, "expired")]
    assert minutes_of(played, 10) == [2, 3]
    assert {float(fill.price) for fill in played.fills()} == {101.0}


def test_a_short_addition_wants_lower_prices(worked: Any, floors: Any) -> None:
    floors(99.5)
    bars = flat_minutes(MONDAY, 1, prices={12: 99.0}).take(slice(0, 90))
    played = worked({10: [-10_000]}, None, bars)
    assert parents(played) == [("PYRAMID", 10_000, 6_000, "expired")]
    assert played.path() == [-6_000]


def test_a_small_addition_is_one_order_that_waits_for_its_price(worked: Any, floors: Any) -> None:
    floors(100.5)
    bars = flat_minutes(MONDAY, 1, prices={40: 101.0}).take(slice(0, 90))
    played = worked({10: [5]}, None, bars)
    assert parents(played) == [("PYRAMID", 5, 5, "filled")]
    assert minutes_of(played, 10) == [30]


def test_an_addition_that_is_not_confirmed_ends_with_its_session(worked: Any, floors: Any) -> None:
    floors(100.5)
    played = worked({10: [5]}, None, flat_minutes(MONDAY, 2, prices={500: 101.0}))
    assert parents(played) == [("PYRAMID", 5, 0, "expired")]
    assert played.path() == []
