"""The audit lets an honest firm pass, and names who leaked, where and when, for a planted leak of each kind."""

from dataclasses import replace
from decimal import Decimal

import numpy as np
import pytest

from nautilus_ai_firm.data.catalog import Catalog
from nautilus_ai_firm.data.errors import CatalogError
from nautilus_ai_firm.data.objects import opening_tick_times
from nautilus_ai_firm.durations import DAY_NS, HOUR_NS
from nautilus_ai_firm.hosts.backtest import BacktestError
from nautilus_ai_firm.hosts.study import Study, prepare
from nautilus_ai_firm.messages import OrderEventKind, OrderRecord
from nautilus_ai_firm.models.signals import momentum
from nautilus_ai_firm.research.lookahead import audit as audit_module
from nautilus_ai_firm.research.lookahead.audit import audit_lookahead
from nautilus_ai_firm.research.lookahead.fills import first_early_fill
from nautilus_ai_firm.research.lookahead.findings import Method
from nautilus_ai_firm.research.lookahead.report import leak_line, lookahead_report
from nautilus_ai_firm.research.lookahead.stamps import first_early_stamp
from tests.firm_runs import Market, settings, synthetic_market
from tests.research.lookahead import plants
from tests.watched_market import SYMBOLS as WATCHED_SYMBOLS
from tests.watched_market import WATCHES, watched_market

SYMBOLS = ("A", "B")
SESSIONS = 90
DIFFERING = (Method.TRUNCATION, Method.PERTURBATION)


@pytest.fixture(scope="module")
def market() -> Market:
    return synthetic_market(SYMBOLS, SESSIONS)


@pytest.fixture(scope="module")
def catalog(market, tmp_path_factory):
    return market.write(tmp_path_factory.mktemp("market"))


def found(catalog, dates=1, **given):
    audited = audit_lookahead(settings(SYMBOLS), catalog, dates=dates, seed=3, **given)
    return audited, {one.method: one.leak for one in audited.compared}


def test_an_honest_firm_has_the_same_past_whatever_the_future(catalog):
    steps = []
    audited, leaks = found(catalog, dates=2, on_progress=lambda *step: steps.append(step))
    assert audited.first_leak is None
    assert set(leaks) == set(Method)
    assert [one.method for one in audited.compared] == [Method.FILLS, Method.STAMPS, *DIFFERING, *DIFFERING]
    assert steps == [(1, 5), (2, 5), (3, 5), (4, 5)]
    whole, _, early, _, late, _ = audited.compared
    assert whole.rounds == SESSIONS
    assert whole.fills > late.fills > early.fills >= 0
    assert late.decisions == late.rounds > SESSIONS / 2
    assert late.signals == 3 * late.rounds
    assert "no leak found" in lookahead_report(audited, "tested", 3)


def test_quotes_events_and_chains_have_futures_too(tmp_path):
    catalog = watched_market().write(tmp_path / "watched")
    audited = audit_lookahead(settings(WATCHED_SYMBOLS, WATCHES), catalog, dates=1, seed=2)
    assert audited.first_leak is None
    assert audited.compared[-1].rounds > 20


def test_an_agent_that_knows_the_next_bar_is_named_with_the_last_round_before_it(catalog, monkeypatch):
    plants.future_bar(monkeypatch)
    audited, leaks = found(catalog)
    for method in DIFFERING:
        leak = leaks[method]
        assert leak is not None
        assert (leak.desk, leak.who) == ("signals", ("momentum",))
        assert leak.ts_ns == audited.compared[-1].at_ns
        assert audited.rounds_ns[leak.round - 1] == leak.ts_ns
    assert leaks[Method.FILLS] is None


def test_an_agent_that_scales_by_the_whole_sample_is_named_with_its_first_view(catalog, monkeypatch):
    plants.full_sample(monkeypatch)
    audited, leaks = found(catalog)
    leak = audited.first_leak
    assert leak is not None
    assert (leak.desk, leak.who, leak.round) == ("signals", ("momentum",), 1)
    assert all(leaks[method] is not None for method in DIFFERING)


def assert_heard_early(leaks, who):
    """Both ways of taking the future away find the market desk with it."""
    for method in DIFFERING:
        leak = leaks[method]
        assert leak is not None
        assert (leak.desk, leak.who) == ("market", (who,))


def test_a_figure_that_is_known_before_its_publication_is_named(catalog, monkeypatch):
    plants.publish_at_the_end_of_the_period(monkeypatch)
    _, leaks = found(catalog)
    assert_heard_early(leaks, "input wti")


def test_an_index_that_is_stamped_a_day_early_is_named(catalog, monkeypatch):
    plants.stamp_a_day_early(monkeypatch)
    _, leaks = found(catalog)
    assert_heard_early(leaks, "input SPX.INDEX")


def test_a_fill_at_the_close_that_was_decided_on_is_named(catalog, monkeypatch):
    plants.fill_at_the_close(monkeypatch)
    audited, leaks = found(catalog)
    leak = audited.first_leak
    assert leak is not None
    assert leak is leaks[Method.FILLS]
    assert leak.desk == "venue"
    assert leak.detail.startswith("filled at ")
    assert [leaks[method] for method in DIFFERING] == [None, None]  # which is why fills are looked at beside
    assert leak_line(leak).startswith(f"LEAK: venue: {leak.who[0]}, in round {leak.round}")


def mid_session(bars):
    """As data that are stamped at noon of their day."""
    return replace(bars, ts_close_ns=bars.ts_close_ns - 3 * HOUR_NS)


def midnight(bars):
    """As data that carry the date of their day alone."""
    days_ns = bars.ts_close_ns // DAY_NS * DAY_NS
    return replace(bars, ts_open_ns=days_ns - HOUR_NS, ts_close_ns=days_ns)


def half_an_hour(bars):
    return replace(bars, ts_close_ns=bars.ts_close_ns - HOUR_NS // 2, ts_open_ns=bars.ts_open_ns - HOUR_NS // 2)


def at_their_start(bars):
    """As data that are stamped when their hour begins, taken for its end."""
    return replace(
        bars, ts_open_ns=np.append(bars.ts_open_ns[0] - HOUR_NS, bars.ts_open_ns[:-1]), ts_close_ns=bars.ts_open_ns
    )


def a_fill(ts_ns, price):
    return OrderRecord(
        kind=OrderEventKind.FILLED,
        ts_event=ts_ns,
        round=6,
        decision_id="R000006",
        instrument_id="A.US",
        client_order_id="O-1",
        parent_order_id="P-1",
        exec_algorithm=None,
        side="BUY",
        quantity=Decimal(1),
        price=price,
    )


def test_a_fill_is_in_order_only_at_an_opening_after_its_decision(catalog):
    market = Catalog(catalog)
    bars = market.bar_columns("A.US-1-DAY-LAST-EXTERNAL")
    decided_ns, opened_ns = int(bars.ts_close_ns[5]), int(opening_tick_times(bars)[6])
    now, then = (Decimal(f"{price:.4f}") for price in (bars.open[5], bars.open[6]))

    def early(*fills):
        return first_early_fill(fills, {"R000006": decided_ns}, market, "1-DAY")

    assert early(a_fill(opened_ns, then), a_fill(opened_ns + HOUR_NS, then)) is None
    assert early(a_fill(decided_ns, now)) is not None
    assert early(a_fill(opened_ns - 1, now)) is not None
    assert early(a_fill(opened_ns, now)) is not None
    assert early(a_fill(0, now)) is not None
    assert early(replace(a_fill(decided_ns, now), decision_id="S000006")) is None  # a stop fills within a bar


def test_a_fill_of_a_closing_auction_is_in_order_at_the_close_after_it_was_committed(catalog):
    market = Catalog(catalog)
    bars = market.bar_columns("A.US-1-DAY-LAST-EXTERNAL")
    close_ns, price = int(bars.ts_close_ns[6]), Decimal(f"{bars.close[6]:.4f}")

    def early(fill, committed_ns):
        committed = {} if committed_ns is None else {"O-1": committed_ns}
        return first_early_fill([fill], {"R000006": int(bars.ts_close_ns[5])}, market, "1-DAY", committed)

    assert early(a_fill(close_ns, price), close_ns - HOUR_NS) is None
    assert early(a_fill(close_ns, price), close_ns) is not None  # it knew the price
    assert early(a_fill(close_ns, price), None) is not None
    assert early(a_fill(close_ns - 1, price), close_ns - HOUR_NS) is not None
    assert early(a_fill(close_ns, price + 1), close_ns - HOUR_NS) is not None


@pytest.mark.parametrize(
    ("bar", "early"),
    [("1-DAY", mid_session), ("1-DAY", midnight), ("1-HOUR", half_an_hour), ("1-HOUR", at_their_start)],
)
def test_bars_that_are_stamped_before_they_are_over_are_named(tmp_path, bar, early):
    market = synthetic_market(SYMBOLS, 30 if bar == "1-DAY" else 5, bar)
    names = [f"{symbol}.US-{bar}-LAST-EXTERNAL" for symbol in SYMBOLS]
    for changed in (False, True):
        bars = {symbol: early(one) if changed and symbol == "B" else one for symbol, one in market.bars.items()}
        catalog = Catalog(replace(market, bars=bars).write(tmp_path / str(changed), bar))
        leak = first_early_stamp(catalog, [*names, "wti"], bar, market.closes())
        assert (leak is not None) == changed
        if leak is not None:
            assert (leak.desk, leak.who) == ("catalog", (names[1],))
            assert leak.ts_ns == bars["B"].ts_close_ns[0]


def test_an_early_stamp_stands_in_the_table(market, tmp_path):
    early = replace(market, bars={symbol: mid_session(bars) for symbol, bars in market.bars.items()})
    audited, leaks = found(early.cut(int(market.closes()[20])).write(tmp_path / "early"))
    assert audited.first_leak is leaks[Method.STAMPS]
    assert "LEAK in round 1: catalog, A.US-1-DAY-LAST-EXTERNAL" in lookahead_report(audited, "tested", 0)


def test_the_moments_are_spread_over_the_run_and_come_from_the_seed(catalog):
    stage = prepare(Study(loaded=settings(SYMBOLS), catalog=catalog))

    def moments(seed, dates=3):
        return audit_module._moments(stage, Catalog(catalog), dates, seed)

    assert moments(1) == moments(1)
    assert moments(1) != moments(2)
    thirds = [np.searchsorted(stage.rounds_ns, one) // 30 for one in moments(1)]
    assert thirds == [0, 1, 2]
    assert moments(1, dates=1000) == stage.rounds_ns[:-1].tolist()


def test_too_short_a_run_cannot_be_cut(market, tmp_path):
    short = market.cut(int(market.closes()[2])).write(tmp_path / "short")
    with pytest.raises(CatalogError, match=r"2 rounds from 2012-.* \(allowed: at least 3\)"):
        audit_lookahead(settings(SYMBOLS), short)


def test_a_firm_that_fails_by_itself_is_not_audited(catalog, monkeypatch):
    def fail(_self, _market):
        raise ValueError("planted")

    monkeypatch.setattr(momentum.Model, "update", fail)
    with pytest.raises(BacktestError, match="planted"):
        audit_lookahead(settings(SYMBOLS), catalog, dates=1)
