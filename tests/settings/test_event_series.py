"""The name of a series of events tells its kind, and the instrument that it concerns."""

import pytest

from nautilus_ai_firm.settings import ConfigError, EventSeries, event_kinds, watched_by
from nautilus_ai_firm.settings.event_series import event_series
from tests.firm_runs import settings

UNIVERSE = ("AAPL.US", "BRK.B.US")


def test_a_word_concerns_all_and_one_that_ends_with_an_instrument_only_that() -> None:
    assert event_series(("fomc", "earnings__BRK-B-US"), UNIVERSE) == (
        EventSeries(name="fomc", kind="fomc", place=None),
        EventSeries(name="earnings__BRK-B-US", kind="earnings", place=1),
    )


def test_kinds_are_in_the_order_of_their_first_appearance() -> None:
    changes = {"market.events": ["earnings__B-US", "fomc", "earnings__A-US", "cpi"], "market.quotes": True}
    watched = watched_by(settings(("A", "B"), changes | {"market.chains": [{"underlying": "B.US"}]}, macro=False).firm)
    assert watched.events == ("earnings", "fomc", "cpi")
    assert (watched.chains, watched.quotes, watched.inputs) == (("B.US",), True, ())
    assert event_kinds(()) == ()


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        (
            {"market.events": ["earnings__C-US"]},
            (
                "test: market: events: 'earnings__C-US' ends with no instrument of market.universe (did you mean "
                "earnings__B-US?); after __ may stand A-US, B-US"
            ),
        ),
        ({"market.events": ["__A-US"]}, "test: market: events: '__A-US' ends with no instrument of"),
        ({"market.events": ["fomc", "fomc"]}, "test: market: events names fomc more than once"),
        ({"market.events": ["earnings:A.US"]}, "test: market.events[0] = 'earnings:A.US': expected `str` matching"),
        (
            {"market.chains": [{"underlying": "A.UX"}]},
            (
                "test: market: chains[0].underlying = 'A.UX' is not in market.universe (did you mean A.US?); "
                "there are A.US, B.US"
            ),
        ),
        (
            {"market.chains": [{"underlying": "A.US", "spot": "A.RAW"}]},
            "test: market: chains[0].spot = 'A.RAW' is not in market.inputs; there are none",
        ),
        (
            {"market.chains": [{"underlying": "A.US"}, {"underlying": "A.US"}]},
            "test: market: chains names A.US more than once",
        ),
        (
            {"market.chains": [{"underlying": "A.US", "spott": "A.RAW"}]},
            "test: market.chains[0].spott is not a known key (did you mean spot?); allowed are spot, underlying",
        ),
        ({"market.quotes": "yes"}, "test: market.quotes = 'yes': expected `bool`, got `str`"),
    ],
)
def test_what_cannot_be_meant_is_refused_with_its_path(changes: dict[str, object], said: str) -> None:
    with pytest.raises(ConfigError) as caught:
        settings(("A", "B"), changes, macro=False)
    assert str(caught.value).startswith(said)


def test_a_name_that_stands_for_two_instruments_is_refused() -> None:
    with pytest.raises(ValueError, match=r"'earnings__A-B-US' names more than one instrument"):
        event_series(("earnings__A-B-US",), ("A.B.US", "A-B.US"))
