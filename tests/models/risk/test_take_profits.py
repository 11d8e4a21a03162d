"""Take profits: from the entry price, once, long and short mirrored."""

import numpy as np
import pytest

from nautilus_ai_firm.models.risk.take_profits import TakeProfitRules, TakeProfits

ATR, FRACTION = TakeProfitRules(atr=2.0), TakeProfitRules(fraction=0.05)


def closed(takes: TakeProfits, position: int, entry: float, atr: float = 1.5) -> tuple[float, bool]:
    changed = takes.update(np.array([position]), np.array([entry]), np.array([atr]))
    return float(takes.level[0]), bool(changed[0])


@pytest.mark.parametrize(("rules", "distance"), [(ATR, 3.0), (FRACTION, 5.0)])
@pytest.mark.parametrize("side", [1, -1])
def test_a_fill_sets_the_limit_from_its_price(rules: TakeProfitRules, distance: float, side: int) -> None:
    takes = TakeProfits(rules, 1)
    closed(takes, 0, np.nan)
    assert takes.offer(0, side, 100.0) == pytest.approx(100 + side * distance)
    assert takes.fill(0, side * 100, 100.0)
    assert takes.level[0] == pytest.approx(100 + side * distance)


def test_it_stays_while_the_position_grows_and_is_forgotten_with_it() -> None:
    takes = TakeProfits(FRACTION, 1)
    assert takes.fill(0, 100, 100.0)
    assert not takes.fill(0, 150, 102.0)
    assert closed(takes, 150, 102.0) == (105.0, False)
    assert takes.fill(0, -50, 110.0)
    assert takes.level[0] == pytest.approx(104.5)
    assert not takes.fill(0, 0, np.nan)
    assert np.isnan(takes.level[0])


def test_without_an_average_true_range_it_comes_with_the_first_that_is_known() -> None:
    takes = TakeProfits(ATR, 1)
    assert not takes.fill(0, 100, 100.0)
    assert np.isnan(closed(takes, 100, 100.0, np.nan)[0])
    assert closed(takes, 100, 100.0) == (103.0, True)
    assert closed(takes, 100, 100.0, 5.0) == (103.0, False)


def test_no_rule_and_a_price_that_is_none_give_no_limit() -> None:
    nothing = TakeProfits(TakeProfitRules(), 1)
    assert not nothing.fill(0, 100, 100.0)
    assert np.isnan(closed(nothing, 100, 100.0)[0])
    far = TakeProfits(TakeProfitRules(atr=100.0), 1)
    assert np.isnan(closed(far, -100, 100.0)[0])


def test_it_does_not_depend_on_the_unit_of_prices() -> None:
    one, ten = TakeProfits(ATR, 1), TakeProfits(ATR, 1)
    assert closed(ten, -10, 1_000.0, 15.0)[0] == pytest.approx(10 * closed(one, -10, 100.0)[0])


@pytest.mark.parametrize("wrong", [{"atr": 1.0, "fraction": 0.1}, {"atr": 0.0}, {"fraction": float("nan")}])
def test_rules_that_contradict_are_refused(wrong: dict[str, float]) -> None:
    with pytest.raises(ValueError, match="take_profit"):
        TakeProfitRules(**wrong)
