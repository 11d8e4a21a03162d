"""An order goes out at once, in slices inside the session, or only as far as the volume bears."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from nautilus_ai_firm.durations import MINUTE_NS
from nautilus_ai_firm.models.execution.algorithm_choice import Choice, Slicing, choose
from nautilus_ai_firm.models.execution.slicing import due_quantity, n_slices

OPEN_NS = 1_000 * MINUTE_NS
SLICING = Slicing(above_participation=0.02, duration_minutes=60, interval_minutes=5)


def chosen(
    quantity: int, *, volume: float = 1_000.0, bar_minutes: int = 1, minutes_left: int = 390, lot: int = 1
) -> Choice:
    return choose(
        quantity,
        lot_size=lot,
        average_volume=volume,
        bar_minutes=bar_minutes,
        slicing=SLICING,
        execution_ns=OPEN_NS,
        session_close_ns=OPEN_NS + minutes_left * MINUTE_NS,
    )


@pytest.mark.parametrize("quantity", [1, -1, 1_200, -1_200])
def test_an_order_up_to_the_share_of_the_volume_goes_out_at_once(quantity):
    assert chosen(quantity) == Choice(quantity=quantity)  # 2 % of 60 minutes of 1,000


@pytest.mark.parametrize("quantity", [1_201, -1_201])
def test_a_larger_one_is_sliced_over_the_duration(quantity):
    assert chosen(quantity) == Choice(
        quantity=quantity, end_ns=OPEN_NS + 60 * MINUTE_NS, interval_ns=5 * MINUTE_NS, messages=12
    )


@pytest.mark.parametrize(("minutes_left", "slices"), [(59, 11), (30, 6), (14, 2), (10, 2)])
def test_slices_end_inside_the_session(minutes_left, slices):
    choice = chosen(5_000, minutes_left=minutes_left)
    assert (choice.quantity, choice.messages) == (5_000, slices)
    assert choice.end_ns == OPEN_NS + slices * 5 * MINUTE_NS <= OPEN_NS + minutes_left * MINUTE_NS


@pytest.mark.parametrize(
    ("asked", "reason"),
    [
        ({"bar_minutes": 390, "volume": 390_000.0}, "bars of 390 minutes are coarser than slices of 5"),
        ({"bar_minutes": 60, "volume": 60_000.0}, "bars of 60 minutes are coarser than slices of 5"),
        ({"minutes_left": 9}, "the session ends before a second slice"),
    ],
)
def test_where_slicing_is_refused_the_order_is_cut_to_what_needs_none(asked, reason):
    assert chosen(-5_000, **asked) == Choice(quantity=-1_200, slicing_refused=reason)


def to_the_close(minutes_left: int, *, cutoff: int = 15, last: int = 0, interval: int = 5) -> Choice:
    slicing = Slicing(
        above_participation=0.02,
        duration_minutes=60,
        interval_minutes=interval,
        last_minutes=last,
        cutoff_minutes=cutoff,
    )
    return choose(
        5_000,
        lot_size=1,
        average_volume=1_000.0,
        bar_minutes=1,
        slicing=slicing,
        execution_ns=OPEN_NS,
        session_close_ns=OPEN_NS + minutes_left * MINUTE_NS,
    )


@pytest.mark.parametrize(
    ("minutes_left", "slices_end", "auction"),
    [
        (390, 60, 0),  # over long before the close
        (75, 60, 0),  # over at the cut-off
        (74, 60, 59),  # a minute behind it
        (60, 60, 45),
        (30, 30, 15),
        (16, 15, 1),
        (15, 15, 0),  # decided at the cut-off: too late
        (12, 10, 0),
    ],
)
def test_slices_that_reach_the_cut_off_leave_the_rest_to_the_auction(minutes_left, slices_end, auction):
    choice = to_the_close(minutes_left)
    assert choice.end_ns == OPEN_NS + slices_end * MINUTE_NS
    assert choice.auction_ns == (OPEN_NS + auction * MINUTE_NS if auction else 0)
    assert choice.messages == slices_end // 5 + bool(auction)


def test_slices_that_the_last_minutes_cut_short_commit_when_they_end():
    choice = to_the_close(60, last=30)
    assert choice.end_ns == choice.auction_ns == OPEN_NS + 30 * MINUTE_NS


@pytest.mark.parametrize("minutes_left", [5, 16, 30, 60, 74, 390])
def test_without_a_cut_off_nothing_is_committed(minutes_left):
    assert to_the_close(minutes_left, cutoff=0).auction_ns == 0


@pytest.mark.parametrize("volume", [0.0, float("nan")])
def test_without_a_volume_nothing_goes_out(volume):
    assert chosen(10, volume=volume) == Choice(quantity=0, slicing_refused="no volume is known")


@given(
    quantity=st.integers(-(10**7), 10**7).filter(bool),
    volume=st.floats(0.1, 1e9),
    bar_minutes=st.sampled_from([1, 5, 15, 60, 390]),
    minutes_left=st.integers(0, 390),
    lot=st.sampled_from([1, 10, 100]),
)
def test_a_choice_never_grows_or_turns_the_order_and_its_schedule_sends_all_of_it(
    quantity, volume, bar_minutes, minutes_left, lot
):
    choice = chosen(quantity * lot, volume=volume, bar_minutes=bar_minutes, minutes_left=minutes_left, lot=lot)
    assert 0 <= choice.quantity / (quantity * lot) <= 1
    assert choice.quantity % lot == 0
    if choice.end_ns:
        assert choice.quantity == quantity * lot
        assert n_slices(OPEN_NS, choice.end_ns, choice.interval_ns) == choice.messages
        last = choice.end_ns - choice.interval_ns
        total = abs(choice.quantity)
        assert due_quantity(total, lot, OPEN_NS, choice.end_ns, choice.interval_ns, last) == total


BY_IMPACT = Slicing(
    above_participation=0.02, duration_minutes=60, interval_minutes=5,
    at_once_below_bps=2.0, whole_duration_from_bps=20.0,
)  # fmt: skip


def weighed(slicing, impact_bps=None, *, quantity=5_000, urgent=False, minutes_left=390):
    return choose(
        quantity, lot_size=1, average_volume=1_000.0, bar_minutes=1, slicing=slicing, execution_ns=OPEN_NS,
        session_close_ns=OPEN_NS + minutes_left * MINUTE_NS, impact_bps=impact_bps, urgent=urgent,
    )  # fmt: skip


@pytest.mark.parametrize(
    ("impact_bps", "slices"), [(0.0, 1), (2.0, 1), (2.1, 2), (5.0, 3), (10.0, 6), (19.9, 12), (20.0, 12), (500.0, 12)]
)
def test_the_larger_the_impact_the_longer_it_takes(impact_bps, slices):
    assert weighed(BY_IMPACT, impact_bps).messages == slices
    assert weighed(BY_IMPACT, impact_bps).quantity == 5_000


def test_a_small_order_of_large_impact_is_sliced_and_a_large_one_of_none_is_not():
    assert weighed(BY_IMPACT, 10.0, quantity=10).messages == 6
    assert weighed(BY_IMPACT, 1.0, quantity=500_000).messages == 1


def test_without_an_estimate_participation_decides():
    assert weighed(BY_IMPACT).messages == 12
    assert weighed(SLICING, 500.0, quantity=10).messages == 1


def test_an_order_that_cannot_be_sliced_is_cut_no_further_than_to_itself():
    choice = weighed(BY_IMPACT, 10.0, quantity=10, minutes_left=5)
    assert choice == Choice(quantity=10, slicing_refused="the session ends before a second slice")


@pytest.mark.parametrize(("share", "slices"), [(1.0, 12), (0.5, 6), (0.01, 2), (0.0, 1)])
def test_what_is_urgent_takes_a_share_of_the_time_or_none(share, slices):
    slicing = Slicing(above_participation=0.02, duration_minutes=60, interval_minutes=5, urgent_share=share)
    assert weighed(slicing, urgent=True).messages == slices
    assert weighed(slicing).messages == 12


def test_nothing_is_sliced_into_the_last_minutes():
    slicing = Slicing(above_participation=0.02, duration_minutes=60, interval_minutes=5, last_minutes=30)
    assert weighed(slicing, minutes_left=60).end_ns == OPEN_NS + 30 * MINUTE_NS
    assert weighed(slicing, minutes_left=39).slicing_refused == "the session ends before a second slice"
