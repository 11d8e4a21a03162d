"""Layers: first a quarter, then what profit confirms; never against a loss, never more than was intended."""

from typing import Any

import numpy as np
import pytest

from nautilus_ai_firm.models.execution.pyramid import Pyramid
from nautilus_ai_firm.models.execution.pyramid_rules import PyramidRules, layer_fractions
from nautilus_ai_firm.models.execution.pyramid_triggers import PyramidStep
from tests.models.execution.pyramid_market import EQUITY, Desk

SEED = (0.25, 0.225, 0.1575, 0.11025)


def desk(**rules: Any) -> Desk:
    return Desk(PyramidRules(**{"stop_atr": 40.0, "break_even": False} | rules)).warm_up()


def moving(turn: float) -> list[float]:
    """Closes that end at 100: the same step again and again, or there and back."""
    return (100.0 - np.cumprod(np.full(60, turn))[::-1].cumsum()[::-1]).tolist()


# --- Sizes ----------------------------------------------------------------------------------------------------------


def test_sizes_are_a_quarter_and_then_thirty_hundredths_of_the_remainder() -> None:
    np.testing.assert_allclose(layer_fractions(0.25, 0.30, 4), SEED, rtol=1e-15)
    assert PyramidRules().fractions == layer_fractions(0.25, 0.30, 4)


@pytest.mark.parametrize(
    ("given", "message"),
    [
        ({"first_layer": 0.19}, r"first_layer is 0\.19, allowed is 0\.2 to 0\.5"),
        ({"first_layer": 0.51}, r"first_layer is 0\.51"),
        ({"next_layer": 0.0}, "next_layer is 0.0"),
        ({"next_layer": 1.0}, "next_layer is 1.0"),
        ({"max_layers": 0}, "max_layers is 0"),
        ({"first_layer": 0.2}, "is no smaller layer; allowed is next_layer below 0.25"),
        ({"profit_thresholds": (0.05,)}, "profit_thresholds has 1 values, 3 are needed"),
        ({"confirm": "atr", "atr_multiples": (1.0, 1.0, 2.0)}, "atr_multiples is .* which does not rise"),
        ({"profit_thresholds": (-0.05, 0.1, 0.2)}, "allowed are finite numbers above 0"),
        ({"take_profit": (0.1, 0.1)}, "take_profit has 2 values, 4 are needed"),
        ({"stop_atr": 0.0}, "stop_atr is 0.0"),
        ({"breakout_rounds": 1}, "breakout_rounds is 1, allowed is 2 or more"),
        ({"cool_down_rounds": -1}, "cool_down_rounds is -1"),
    ],
)
def test_rules_that_cannot_be_are_refused(given: dict[str, Any], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        PyramidRules(**given)


def test_a_layer_that_would_never_be_ordered_is_refused() -> None:
    with pytest.raises(
        ValueError, match=r"layer 3 would be 0\.249 of the position, within execution\.no_trade_band 0\.3"
    ):
        Pyramid(PyramidRules(), ("A",), np.ones(1, dtype=np.int64), 0.3)


# --- Additions ------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("side", [1, -1])
def test_layers_come_at_five_ten_and_fifteen_hundredths_over_the_average_entry(side: int) -> None:
    one = desk()
    intended = 0.4 * side
    steps, fractions = [], []
    for gain in (0.0, 0.04, 0.05, 0.05, 0.10, 0.14, 0.15, 0.30):
        price = 100.0 if not one.position else one.average * (1 + side * (gain + 1e-9))
        one.close(intended, price)
        steps.append(one.plan.cause)
        quantity = one.fill(price)
        fractions.append(quantity * side * price / EQUITY / 0.4)
    assert steps == [
        PyramidStep.OPENED, PyramidStep.BELOW_TRIGGER, PyramidStep.UNLOCKED, PyramidStep.BELOW_TRIGGER,
        PyramidStep.UNLOCKED, PyramidStep.BELOW_TRIGGER, PyramidStep.UNLOCKED, PyramidStep.COMPLETE,
    ]  # fmt: skip
    assert [fractions[place] for place in (1, 3, 5, 7)] == [0.0] * 4
    assert fractions[0] == pytest.approx(0.25, rel=1e-3)
    later = [fractions[place] for place in (2, 4, 6)]  # cut where the position has outgrown its share by its gain
    assert all(0 < found <= size * (1 + 1e-3) for found, size in zip(later, SEED[1:], strict=True))
    assert [layer.number for layer in one.plan.layers] == [1, 2, 3, 4]
    assert sum(layer.quantity for layer in one.plan.layers) == one.position


def test_what_is_held_is_held_to_the_last_bit() -> None:
    one = desk().play(0.4, [100.0, 101.0, 99.0, 102.0])
    assert one.weights[1:] == one.currents[1:]


def test_in_average_true_ranges_the_next_layer_comes_at_so_many_over_the_average_entry() -> None:
    one = desk(confirm="atr", atr_multiples=(2.0, 4.0, 6.0)).play(0.4, [100.0, 100.0])
    trigger = one.plan.next_trigger
    assert trigger == pytest.approx(102.0, abs=0.01)
    one.close(0.4, 102.1)
    assert one.plan.cause == PyramidStep.BELOW_TRIGGER  # a round that goes further has a wider range
    one.close(0.4, 102.6)
    assert one.plan.cause == PyramidStep.UNLOCKED


@pytest.mark.parametrize("fell", [0.0, 0.01, 1.0, 20.0])
def test_nothing_is_added_on_the_losing_side(fell: float) -> None:
    """With a trigger that is reached at once all else agrees: the loss alone holds it back."""
    one = desk(profit_thresholds=(1e-9, 2e-9, 3e-9)).play(0.4, [100.0, 100.0 - fell])
    assert one.plan.cause == PyramidStep.LOSING
    assert one.weights[-1] == one.currents[-1]
    one.close(0.4, 100.5)  # the control
    assert one.plan.cause == PyramidStep.UNLOCKED


def test_a_layer_waits_for_the_fill_of_the_one_before() -> None:
    one = desk()
    one.close(0.4, 100.0)
    one.fill(100.0, share=0.5)
    for price in (106.0, 107.0):  # far enough for the second, and half of the first is still to come
        one.close(0.4, price)
        assert one.plan.cause == PyramidStep.UNFILLED
        assert one.weights[-1] == pytest.approx(0.1 * price / 100.0)
    one.fill(107.0)
    one.close(0.4, 110.0)
    assert one.plan.cause == PyramidStep.UNLOCKED


def test_one_layer_a_round_however_far_the_price_goes() -> None:
    one = desk().play(0.4, [100.0, 118.0, 136.0, 154.0])
    assert [plan.unlocked for plan in one.plans if plan] == [1, 2, 3, 4]


@pytest.mark.parametrize(
    ("rules", "given", "step"),
    [
        ({"breakout_rounds": 10}, {}, PyramidStep.UNLOCKED),
        ({"breakout_rounds": 10}, {"peak": 110.0}, PyramidStep.NO_BREAKOUT),
        ({"volume_factor": 1.5}, {"volume": 1501.0}, PyramidStep.UNLOCKED),
        ({"volume_factor": 1.5}, {"volume": 1500.0}, PyramidStep.NO_VOLUME),
        ({"min_adx": 50.0}, {"moves": 1.0}, PyramidStep.UNLOCKED),
        ({"min_adx": 50.0}, {"moves": -1.0}, PyramidStep.NO_TREND),
        ({"min_adx": 50.0}, {}, PyramidStep.NO_TREND),
    ],
)
@pytest.mark.parametrize("side", [1, -1])
def test_what_else_must_agree(rules: dict[str, Any], given: dict[str, Any], step: PyramidStep, side: int) -> None:
    one = desk(confirm="atr", atr_multiples=(2.0, 4.0, 6.0), **rules)
    if "moves" in given:
        one.history(moving(given["moves"]))
    one.play(0.4 * side, [100.0])
    peak = given.get("peak", 100.5)
    extreme = {"high": peak} if side > 0 else {"low": 200.0 - peak}
    one.close(0.4 * side, 100.0, **extreme)
    one.close(0.4 * side, 100.0 + side * 6.0, volume=given.get("volume", 1000.0))
    assert one.plan.cause == step


def test_a_position_that_has_outgrown_its_share_has_room_for_what_is_left_alone() -> None:
    one = Desk(PyramidRules(stop_atr=40.0), band=0.05).warm_up().play(0.4, [100.0])
    one.close(0.4, 390.0)
    assert one.plan.cause == PyramidStep.NO_ROOM
    assert one.weights[-1] == one.currents[-1]
    one.close(0.4, 300.0)
    assert one.plan.cause == PyramidStep.UNLOCKED
    assert one.weights[-1] == pytest.approx(0.3 + 0.4 * SEED[1])


def test_without_a_bar_or_a_view_nothing_is_unlocked() -> None:
    one = desk().play(0.4, [100.0])
    one.close(0.4, 110.0, fresh=False)
    assert (one.plan.cause, one.weights[-1]) == (PyramidStep.STALE, one.currents[-1])
    one.close(float("nan"), 110.0)
    assert (one.plan.cause, one.weights[-1]) == (PyramidStep.NO_VIEW, one.currents[-1])
    one.close(0.4, 110.0)
    assert one.plan.cause == PyramidStep.UNLOCKED


def test_no_plan_begins_without_a_bar() -> None:
    one = desk()
    assert one.close(0.4, 100.0, fresh=False) == 0.0
    assert one.plans == [None]


# --- Less -----------------------------------------------------------------------------------------------------------


def test_a_smaller_intent_shrinks_all_layers_and_a_larger_one_adds_nothing() -> None:
    one = desk().play(0.4, [100.0, 106.0])
    full = one.position
    one.play(0.2, [106.0])
    assert one.plan.cause == PyramidStep.SHRUNK
    assert one.position == pytest.approx(full / 2, rel=0.02)
    one.play(0.4, [106.0, 106.0])
    assert one.position == pytest.approx(full / 2, rel=0.02)
    assert [layer.quantity for layer in one.plan.layers] == pytest.approx(
        [one.position * share / sum(SEED[:2]) for share in SEED[:2]], rel=0.05
    )


@pytest.mark.parametrize("intended", [0.0, -0.4])
def test_no_intent_or_the_opposite_one_closes_everything_and_begins_anew(intended: float) -> None:
    one = desk().play(0.4, [100.0, 106.0, 107.0])
    one.close(intended, 107.0)
    assert (one.weights[-1], one.plan.cause, one.plan.ended) == (0.0, PyramidStep.INTENT_OVER, False)
    one.fill(107.0)
    one.close(intended, 107.0)
    assert (one.weights[-1], one.plan.ended, one.plan.layers) == (0.0, True, ())
    expected = intended * 0.25
    assert one.close(intended, 107.0) == expected


def test_an_exit_that_is_not_filled_stays_one() -> None:
    one = desk().play(0.4, [100.0, 106.0])
    one.close(0.0, 106.0)
    for price in (107.0, 120.0):
        assert one.close(0.4, price) == 0.0
        assert not one.plan.ended


def test_a_position_that_others_closed_ends_the_plan_and_the_next_one_waits() -> None:
    one = desk(cool_down_rounds=3).play(0.4, [100.0, 106.0])
    one.trade(-one.position, 104.0)
    one.close(0.4, 104.0)
    assert (one.plan.cause, one.plan.ended, one.weights[-1]) == (PyramidStep.STOPPED_OUT, True, 0.0)
    assert [one.close(0.4, 104.0) for _ in range(4)] == [0.0, 0.0, 0.0, 0.1]


def test_bought_and_stopped_between_two_closes_is_a_plan_that_ended() -> None:
    one = desk(stop_atr=2.0)
    one.close(0.4, 100.0)
    one.close(0.4, 99.0, low=97.0)
    assert (one.plan.cause, one.plan.ended) == (PyramidStep.MISSED, True)


def test_what_was_taken_away_does_not_come_back() -> None:
    one = desk().play(0.4, [100.0, 101.0])
    one.trade(-one.position // 2, 101.0)
    kept = one.position
    one.play(0.4, [101.0, 102.0])
    assert one.position == kept


# --- Exits ----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("rules", "closes", "step"),
    [
        ({"exit_rounds": 5}, [100.0, 101.0, 102.0, 98.0], PyramidStep.OPPOSITE_EXTREME),
        (
            {"max_atr_ratio": 1.5, "atr_average_rounds": 20, "atr_rounds": 2},
            [100.0, 101.0, 106.0],
            PyramidStep.TOO_VOLATILE,
        ),
        ({"max_rounds": 3}, [100.0, 101.0, 101.0, 101.0], PyramidStep.TIME_OVER),
        (
            {"exit_adx": 40.0, "stop_atr": 90.0},
            [100.0 + 0.5 * k for k in range(40)] + [120.0 + k % 2 for k in range(40)],
            PyramidStep.TREND_EXHAUSTED,
        ),
    ],
)
@pytest.mark.parametrize("side", [1, -1])
def test_a_full_exit(rules: dict[str, Any], closes: list[float], step: PyramidStep, side: int) -> None:
    mirrored = [100.0 + side * (price - 100.0) for price in closes]
    one = desk(**rules).play(0.4 * side, mirrored)
    causes = [plan.cause for plan in one.plans if plan]
    assert step in causes
    assert causes.index(step) > 0
    assert one.weights[causes.index(step)] == 0.0
    control = desk().play(0.4 * side, mirrored)
    assert 0.0 not in control.weights


def test_layers_are_closed_one_by_one_at_their_profits_and_do_not_come_back() -> None:
    one = desk(take_profit=(0.20, 0.20, 0.20, 0.20)).play(0.4, [100.0, 106.0, 114.0, 120.5])
    assert (one.plan.layers[0].entry_price, one.plan.layers[0].take_profit) == (100.0, 120.0)
    assert one.plan.cause == PyramidStep.PROFIT_TAKEN
    one.play(0.4, [121.0])
    assert [layer.number for layer in one.plan.layers] == [2, 3]
    assert one.plan.unlocked == 3
    one.play(0.4, [123.0, 124.0])  # the next one is the fourth
    assert [layer.number for layer in one.plan.layers] == [2, 3, 4]


def test_a_plan_is_over_when_the_last_layer_that_was_to_stay_is_gone() -> None:
    one = Desk(PyramidRules(stop_atr=2.0, take_profit=(0.10, 9.0, 9.0, 9.0))).warm_up().play(0.4, [100.0, 106.0, 107.0])
    one.close(0.4, 110.5)
    assert one.plan.cause == PyramidStep.PROFIT_TAKEN  # and its order is not filled
    second = one.plan.layers[1]
    assert second.stop is not None
    one.trade(-second.quantity, second.stop)
    one.close(0.4, 110.0, low=second.stop)
    assert (one.weights[-1], one.plan.cause) == (0.0, PyramidStep.ALL_CLOSED)
    assert [layer.number for layer in one.plan.layers] == [1]


@pytest.mark.parametrize("side", [1, -1])
@pytest.mark.parametrize("is_heard", [True, False])
def test_a_profit_belongs_to_its_layer_also_where_an_addition_fills_in_the_same_round(
    side: int, is_heard: bool
) -> None:
    """Not heard is the control: two fills that are only known by their sum leave the first layer, and halve the new."""
    one = desk(take_profit=(0.08, 0.20, 0.25, 0.30)).play(0.4 * side, [100.0, 100.0])
    first = abs(one.position)
    one.close(0.4 * side, 100.0 + 5.5 * side)
    second = one.fill(100.0 + 5.5 * side) * side
    assert second > 0
    one.trade(-first * side, 100.0 + 8.0 * side)
    if is_heard:
        one.pyramid.exited(0, 1, first)
    assert one.close(0.4 * side, 100.0 + 9.0 * side) == pytest.approx(one.currents[-1]) or not is_heard
    layers = [(layer.number, abs(layer.quantity)) for layer in one.plan.layers]
    if not is_heard:
        assert layers[0][0] == 1
        return
    assert layers == [(2, second)]
    assert one.plan.layers[0].entry_price == pytest.approx(100.0 + 5.5 * side, rel=1e-9)
    assert (one.plan.cause, one.plan.unlocked) == (PyramidStep.BELOW_TRIGGER, 2)


def test_an_exit_of_part_of_a_layer_takes_that_part_and_of_no_plan_nothing() -> None:
    one = desk().play(0.4, [100.0, 106.0, 106.0])
    first, second = (layer.quantity for layer in one.plan.layers)
    one.trade(-100, 99.0)
    one.pyramid.exited(0, 1, 100)
    one.close(0.4, 107.0)
    assert [layer.quantity for layer in one.plan.layers] == [first - 100, second]
    one.pyramid.exited(0, 4, 100)  # nobody holds that layer
    one.close(0.4, 107.0)
    assert [layer.quantity for layer in one.plan.layers] == [first - 100, second]
    idle = desk()
    idle.pyramid.exited(0, 1, 100)
    assert idle.close(0.4, 100.0) == pytest.approx(0.1)


# --- Stops ----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("side", [1, -1])
def test_stops_stand_behind_each_entry_move_up_on_additions_and_break_even_after_the_second(side: int) -> None:
    def at(price: float) -> float:
        return 100.0 + side * (price - 100.0)

    one = Desk(PyramidRules(stop_atr=2.0, confirm="atr", atr_multiples=(4.0, 8.0, 12.0))).warm_up()
    one.play(0.4 * side, [at(100.0)])
    one.play(0.4 * side, [at(100.5)])
    (first,) = one.plan.layers
    assert first.stop == pytest.approx(at(98.0), abs=0.1)
    assert first.entry_price == at(100.0)
    one.play(0.4 * side, [at(107.0)])  # unlocks the second
    newest = one.plan.layers[1]
    assert newest.stop is not None
    assert first.stop is not None
    assert (newest.quantity, newest.entry_price) == (0, None)
    assert [layer.stop for layer in one.plan.layers] == [newest.stop] * 2
    assert side * (newest.stop - first.stop) > 0
    one.play(0.4 * side, [at(107.2)])
    average = one.plan.average_entry_price
    assert average is not None
    assert all(layer.stop is not None and side * (layer.stop - average) >= 0 for layer in one.plan.layers)


def test_a_close_beyond_a_layers_stop_closes_it() -> None:
    one = Desk(PyramidRules(stop_atr=2.0)).warm_up().play(0.4, [100.0, 100.0])
    one.close(0.4, 97.0)
    assert (one.weights[-1], one.plan.cause) == (0.0, PyramidStep.LAYER_STOPPED)


def test_a_stop_that_filled_is_taken_from_the_layer_that_it_belongs_to() -> None:
    one = desk().play(0.4, [100.0, 106.0, 107.0])
    second = one.plan.layers[1]
    one.pyramid._plans[0].layers.open[1].stop = 105.0
    one.trade(-second.quantity, 105.0)
    one.close(0.4, 106.0, low=104.0)
    assert [layer.number for layer in one.plan.layers] == [1]
    assert one.weights[-1] == one.currents[-1]


# --- A position that is there already -------------------------------------------------------------------------------


@pytest.mark.parametrize(("share", "layers"), [(0.1, 1), (0.25, 1), (0.4, 2), (0.7, 4), (0.9, 4)])
def test_a_position_without_a_plan_is_taken_over_in_as_many_layers_as_it_fills(share: float, layers: int) -> None:
    one = desk()
    one.trade(round(0.4 * share * EQUITY / 100.0), 95.0)
    one.close(0.4, 100.0)
    assert one.plan.unlocked == layers
    assert sum(layer.quantity for layer in one.plan.layers) == one.position
    assert all(layer.stop is not None for layer in one.plan.layers)
    assert one.weights[-1] == one.currents[-1]


@pytest.mark.parametrize("intended", [0.0, -0.4])
def test_a_position_that_nobody_wants_is_closed(intended: float) -> None:
    one = desk()
    one.trade(1000, 95.0)
    assert one.close(intended, 100.0) == 0.0
    assert one.close(float("nan"), 100.0) == one.currents[-1]
