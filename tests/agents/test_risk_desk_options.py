"""Options that are held beside the firm, at the desk: found in the universe, read from the snapshot, and limited."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from nautilus_ai_firm.agents.risk import RiskDesk
from nautilus_ai_firm.agents.risk_plan import risk_plan
from nautilus_ai_firm.bus import Topic
from nautilus_ai_firm.durations import DAY_NS
from nautilus_ai_firm.gateways.kill_switch import OPEN, KillSwitchState
from nautilus_ai_firm.hosts.study import Study, prepare
from nautilus_ai_firm.messages import OptionChain, Severity
from nautilus_ai_firm.models.estimators.american_option import american_value
from nautilus_ai_firm.models.estimators.european_option import Options
from nautilus_ai_firm.models.risk.review import RiskReview
from tests.agents.conftest import Bench
from tests.firm_runs import settings
from tests.watched_market import SYMBOLS, WATCHES, watched_market

CALL = "A120217C00100000.US"
OFF = dict.fromkeys(("max_delta", "max_gamma", "max_vega", "max_theta"), "off")


class Open:
    def state(self) -> KillSwitchState:
        return OPEN

    def latch(self, cause: str, who: str, time: str) -> None:
        raise AssertionError(f"{who} halts at {time}: {cause}")


@pytest.fixture(scope="module")
def catalog(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return watched_market().write(tmp_path_factory.mktemp("held") / "catalog")


def bench_with(catalog: Path, folder: Path, position: dict[str, Any], quantity: int = 100) -> Bench:
    held = [{"contract": CALL, "quantity": quantity}]
    table = {"rate_per_year": 0.01, "held": held, "position": OFF | position, "portfolio": OFF}
    loaded = settings(SYMBOLS, WATCHES | {"risk.greeks": table, "risk.max_position": 1.0})
    return Bench(prepare(Study(loaded=loaded, catalog=catalog, out=folder / "run")))


def chain(bench: Bench) -> OptionChain:
    """The put and the call at 100 of the last expiry, at a volatility of 0.3 and a spot of 100."""
    (terms,) = bench.stage.universe.chains
    expiry_ns = np.full(2, terms.expiry_ns.max())
    options = Options(
        spot=np.full(2, 100.0),
        strike=np.full(2, 100.0),
        years=(expiry_ns - bench.close_ns) / (365 * DAY_NS),
        rate=0.01,
        carry=np.full(2, 0.01),
        is_call=np.array([False, True]),
    )
    mid = american_value(options, np.full(2, 0.3)).price
    return OptionChain(
        underlying="A.US", spot=100.0, strike=options.strike, expiry_ns=expiry_ns, is_call=options.is_call,
        bid=mid - 0.01, ask=mid + 0.01,
    )  # fmt: skip


def reviewed(bench: Bench, weights: list[float]) -> tuple[Any, Any, list[Any]]:
    review = RiskReview(risk_plan(bench.stage.firm, bench.stage.universe))
    bench.sit(
        lambda _book, _ledger, failures: [RiskDesk(review, bench.stage.sessions, DAY_NS, Open(), failures, True)],
        [(Topic.SNAPSHOT, bench.snapshot(chains=(chain(bench),))), (Topic.DECISION, bench.decision(weights))],
        [Topic.RISKED, Topic.RISK_REPORT, Topic.RISK_ALERT],
    )
    assert bench.failures.first is None
    said = {topic: [message for one, message in bench.heard if one is topic] for topic, _ in bench.heard}
    return said[Topic.RISKED][0], said[Topic.RISK_REPORT][0], said.get(Topic.RISK_ALERT, [])


def test_a_decision_is_cut_where_stock_and_options_reach_the_limit_on_delta(catalog: Path, tmp_path: Path) -> None:
    risked, report, alerts = reviewed(bench_with(catalog, tmp_path, {"max_delta": 0.008}), [0.6, 0.2])
    assert report.options.contracts == (CALL,)
    beside = float(report.options.delta[0])
    assert beside == pytest.approx(0.01 * 100 * 100 * 100 * 0.52 / 1e6, rel=0.05), "a hundred calls at the money"
    assert risked.weights.tolist() == [pytest.approx(100 * (0.008 - beside)), 0.2]
    (breach,) = risked.breaches
    assert (breach.rule, breach.instrument_id, breach.limit) == ("max_position_delta", "A.US", 0.008)
    assert breach.observed == pytest.approx(0.006 + beside)
    assert [(one.rule, one.severity) for one in alerts] == [("max_position_delta", Severity.BREACH)]


def test_the_same_decision_passes_where_the_limit_has_room_or_the_options_are_sold(
    catalog: Path, tmp_path: Path
) -> None:
    """The control of the test above."""
    for number, (limit, quantity) in enumerate(((0.02, 100), (0.008, -100))):
        bench = bench_with(catalog, tmp_path / str(number), {"max_delta": limit}, quantity)
        risked, report, alerts = reviewed(bench, [0.6, 0.2])
        assert (risked.weights.tolist(), risked.breaches, alerts) == ([0.6, 0.2], (), [])
        assert float(report.options.delta[0]) * quantity > 0
