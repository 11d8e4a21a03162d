"""An exception anywhere fails the run: component, round and error are named, and nothing happens afterwards."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from nautilus_ai_firm.agents import execution
from nautilus_ai_firm.agents.cio import CioDesk
from nautilus_ai_firm.agents.compliance import ComplianceDesk
from nautilus_ai_firm.agents.execution import ExecutionDesk
from nautilus_ai_firm.agents.gate import OrderGate
from nautilus_ai_firm.agents.market import MarketDesk
from nautilus_ai_firm.agents.retargeting import Retargeting
from nautilus_ai_firm.agents.risk import RiskDesk
from nautilus_ai_firm.agents.slicing import SlicingAlgorithm
from nautilus_ai_firm.data.catalog import Catalog
from nautilus_ai_firm.hosts.backtest import BacktestError
from nautilus_ai_firm.hosts.venue import Charges
from nautilus_ai_firm.models.execution.ledger import WorkingLedger
from nautilus_ai_firm.models.signals import momentum
from nautilus_ai_firm.runs.recorder import RunRecorder
from nautilus_ai_firm.settings import Loaded
from tests.faults.conftest import ROUNDS, Go
from tests.firm_runs import audit, run

FAULTY = 40
"""Round in which the fault strikes; the firm trades from round 32 on."""


class PlantedError(RuntimeError):
    pass


def strike(
    monkeypatch: pytest.MonkeyPatch, owner: Any, name: str, when: Callable[[Any], bool], error: type[BaseException]
) -> list[int]:
    """Raise from a method once its count of calls satisfies `when`; return the list of calls, which grows."""
    honest = getattr(owner, name)
    calls: list[int] = []

    def spoilt(*args: Any, **kwargs: Any) -> Any:
        calls.append(len(calls) + 1)
        if when(args):
            raise error("planted")
        return honest(*args, **kwargs)

    monkeypatch.setattr(owner, name, spoilt)
    return calls


def in_round(number: int) -> Callable[[Any], bool]:
    """Whether the message among the arguments is of this round."""
    return lambda args: any(getattr(argument, "round", None) == number for argument in args)


def calls_from(number: int) -> Callable[[Any], bool]:
    count = [0]

    def when(_args: Any) -> bool:
        count[0] += 1
        return count[0] >= number

    return when


def assert_failed(
    tmp_path: Path, raised: pytest.ExceptionInfo[BacktestError], component: str, round_: int
) -> dict[str, Any]:
    """The error names what failed and where; the records tell the same, and no run is left."""
    message = str(raised.value)
    failed = tmp_path / "run.failed"
    assert message == f"{component} failed in round {round_}: PlantedError: planted (records: {failed})"
    failure = json.loads((failed / "failure.json").read_text(encoding="utf-8"))
    assert (failure["component"], failure["round"], failure["error"]) == (component, round_, "PlantedError: planted")
    assert failure["traceback"].startswith("Traceback")
    assert 'raise error("planted")' in failure["traceback"]
    assert [path.name for path in tmp_path.iterdir() if path.name != "catalog"] == ["run.failed"]
    facts = audit(failed)
    assert facts[-1]["kind"] == "failure"
    assert not [fact for fact in facts if fact.get("round", 0) > round_]
    return failure


def passed_in(gate: Any, round_: int) -> bool:
    return gate.round >= round_ and gate.breach is None


def test_a_raising_signal_model(go: Go, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    calls = strike(monkeypatch, momentum.Model, "update", in_round(FAULTY), PlantedError)
    with pytest.raises(BacktestError) as raised:
        go()
    assert_failed(tmp_path, raised, "signals.momentum", FAULTY)
    assert len(calls) == FAULTY


def test_a_raising_signal_model_in_a_shared_actor_is_named_itself(
    go: Go, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from nautilus_ai_firm.models.signals import mean_reversion  # noqa: PLC0415 - the module that is spoilt
    from tests.firm_runs import settings  # noqa: PLC0415 - as above

    strike(monkeypatch, mean_reversion.Model, "update", in_round(FAULTY), PlantedError)
    with pytest.raises(BacktestError) as raised:
        go(settings(["A", "B"], {"signals.hosting": "shared"}))
    assert_failed(tmp_path, raised, "signals.mean_reversion", FAULTY)


HANDLERS = [
    (CioDesk, "_open_barrier", "cio"),
    (CioDesk, "_hear", "cio"),
    (CioDesk, "_decide", "cio"),
    (RiskDesk, "_review", "risk"),
    (ExecutionDesk, "_start_round", "execution"),
    (RunRecorder, "snapshot", "records"),
    (RunRecorder, "signal", "records"),
    (RunRecorder, "decision", "records"),
]


@pytest.mark.parametrize(("owner", "name", "component"), HANDLERS, ids=[f"{o.__name__}.{n}" for o, n, _ in HANDLERS])
def test_a_raising_topic_handler(
    go: Go, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, owner: type, name: str, component: str
) -> None:
    strike(monkeypatch, owner, name, in_round(FAULTY), PlantedError)
    with pytest.raises(BacktestError) as raised:
        go()
    assert_failed(tmp_path, raised, component, FAULTY)


NESTED = [
    (ComplianceDesk, "_review", "compliance", lambda args: args[1].decision.round == FAULTY),
    (ExecutionDesk, "_execute", "execution", lambda args: args[1].risked.decision.round == FAULTY),
    (RunRecorder, "risked", "records", lambda args: args[1].decision.round == FAULTY),
    (RunRecorder, "cleared", "records", lambda args: args[1].risked.decision.round == FAULTY),
]


@pytest.mark.parametrize(
    ("owner", "name", "component", "when"), NESTED, ids=[f"{o.__name__}.{n}" for o, n, *_ in NESTED]
)
def test_a_raising_handler_of_a_message_that_carries_another(
    go: Go, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, owner: type, name: str, component: str, when: Any
) -> None:
    strike(monkeypatch, owner, name, when, PlantedError)
    with pytest.raises(BacktestError) as raised:
        go()
    assert_failed(tmp_path, raised, component, FAULTY)


def test_a_raising_timer_callback(go: Go, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    calls = strike(monkeypatch, MarketDesk, "_close_round", calls_from(FAULTY + 1), PlantedError)
    with pytest.raises(BacktestError) as raised:
        go()
    assert_failed(tmp_path, raised, "market", FAULTY)
    assert len(calls) == FAULTY + 1


def test_a_raising_bar_callback(go: Go, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    class Places(dict[Any, int]):
        def __getitem__(self, key: Any) -> int:
            if len(seen) >= 2 * FAULTY:
                raise PlantedError("planted")
            seen.append(key)
            return super().__getitem__(key)

    seen: list[Any] = []
    honest = MarketDesk.__init__

    def init(desk: Any, *args: Any) -> None:
        honest(desk, *args)
        desk._place = Places(desk._place)

    monkeypatch.setattr(MarketDesk, "__init__", init)
    with pytest.raises(BacktestError, match=rf"market failed in round {FAULTY}: PlantedError"):
        go()
    assert (tmp_path / "run.failed" / "failure.json").is_file()


def test_a_raising_tick_callback(go: Go, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    strike(monkeypatch, WorkingLedger, "active", lambda _args: bool(fired(MarketDesk)), PlantedError)
    rounds: list[int] = []

    def fired(_desk: Any) -> bool:
        return len(rounds) >= FAULTY

    honest = RunRecorder.snapshot
    monkeypatch.setattr(RunRecorder, "snapshot", lambda self, message: (rounds.append(1), honest(self, message))[1])
    with pytest.raises(BacktestError) as raised:
        go()
    assert_failed(tmp_path, raised, "execution", FAULTY)


def test_a_raising_order_event_handler(go: Go, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def is_fill(args: Any) -> bool:
        return type(args[0]).__name__ == "OrderFilled" and args[1].round == FAULTY

    strike(monkeypatch, execution, "order_record", is_fill, PlantedError)
    with pytest.raises(BacktestError) as raised:
        go()
    assert_failed(tmp_path, raised, "execution", FAULTY)


def test_a_raising_recorder_of_orders(go: Go, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    strike(monkeypatch, RunRecorder, "order", in_round(FAULTY), PlantedError)
    with pytest.raises(BacktestError) as raised:
        go()
    assert_failed(tmp_path, raised, "records", FAULTY)


def test_no_order_follows_a_gate_result_that_could_not_be_recorded(
    go: Go, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    strike(monkeypatch, RunRecorder, "gate_result", lambda args: passed_in(args[1], FAULTY), PlantedError)
    submitted: list[Any] = []
    honest = ExecutionDesk.submit_order
    monkeypatch.setattr(
        ExecutionDesk,
        "submit_order",
        lambda self, order, **how: (submitted.append(order), honest(self, order, **how))[1],
    )
    with pytest.raises(BacktestError) as raised:
        go()
    assert_failed(tmp_path, raised, "records", FAULTY)
    assert not [order for order in submitted if str(order.client_order_id) > f"R{FAULTY:06d}"]


def test_a_raising_gate(go: Go, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    strike(monkeypatch, OrderGate, "_refusal", in_round(FAULTY), PlantedError)
    with pytest.raises(BacktestError) as raised:
        go()
    assert_failed(tmp_path, raised, "execution", FAULTY)


@pytest.mark.parametrize("name", ["_send_due", "_expire", "_cancel"])
def test_a_raising_algorithm(
    one_day_of_minutes: Path, minute_firm: Loaded, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    if name == "_expire":
        monkeypatch.setattr(SlicingAlgorithm, "_send_due", lambda *_args: None)
        monkeypatch.setattr(Retargeting, "_retarget", only_when_idle(Retargeting._retarget))
    strike(monkeypatch, SlicingAlgorithm, name, calls_from(3), PlantedError)
    with pytest.raises(BacktestError, match=r"^TWAP failed in round \d+: PlantedError: planted") as raised:
        run(minute_firm, one_day_of_minutes, tmp_path / "run")
    failure = json.loads((tmp_path / "run.failed" / "failure.json").read_text(encoding="utf-8"))
    assert_failed(tmp_path, raised, "TWAP", failure["round"])


def only_when_idle(honest: Any) -> Any:
    def retarget(desk: Any, place: int, target: int, position: int, decision: Any) -> None:
        if desk._ledger.active(place) is None:
            honest(desk, place, target, position, decision)

    return retarget


@pytest.mark.parametrize("name", ["charge", "see", "due"])
def test_a_raising_venue(go: Go, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, name: str) -> None:
    """Fee model and simulation module are callbacks too; the engine would swallow one and raise the other."""
    traded = [False]
    honest = RunRecorder.snapshot

    def snapshot(recorder: Any, message: Any) -> None:
        traded[0] = message.round >= FAULTY
        honest(recorder, message)

    monkeypatch.setattr(RunRecorder, "snapshot", snapshot)
    strike(monkeypatch, Charges, name, lambda _args: traded[0], PlantedError)
    with pytest.raises(BacktestError) as raised:
        go()
    assert_failed(tmp_path, raised, "venue", FAULTY)


def test_a_failure_in_the_last_round_fails_the_run_too(go: Go, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    strike(monkeypatch, CioDesk, "_decide", in_round(ROUNDS), PlantedError)
    with pytest.raises(BacktestError) as raised:
        go()
    assert_failed(tmp_path, raised, "cio", ROUNDS)


def test_a_failure_at_the_start_fails_the_run(go: Go, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def subscribe(_self: Any, *_args: Any) -> None:
        raise PlantedError("planted")

    monkeypatch.setattr(ExecutionDesk, "subscribe_trades", subscribe)
    with pytest.raises(BacktestError, match=r"^execution failed in round 0: PlantedError: planted"):
        go()
    assert not (tmp_path / "run").exists()


@pytest.mark.parametrize("error", [KeyboardInterrupt, SystemExit])
@pytest.mark.parametrize("round_", [FAULTY, ROUNDS])
def test_an_interrupted_model_leaves_no_run(
    go: Go, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, error: type[BaseException], round_: int
) -> None:
    """Neither is an Exception, and the engine swallows both."""
    strike(monkeypatch, momentum.Model, "update", in_round(round_), error)
    with pytest.raises((BacktestError, error)):
        go()
    assert not (tmp_path / "run").exists()


@pytest.mark.parametrize("round_", [20, ROUNDS])
def test_an_engine_that_stops_early_is_found(
    go: Go, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, round_: int
) -> None:
    honest = Catalog.window

    def window(self: Any, *asked: Any) -> Any:
        found = honest(self, *asked)
        ends = sorted({bar.ts_event for bar in found.bars})[round_ - 1 :]
        found.bars[:] = [bar for bar in found.bars if bar.ts_event not in ends]
        return found

    monkeypatch.setattr(Catalog, "window", window)
    ran = round_ - 1
    said = "though no desk failed: interrupted, or engine error"
    message = f"engine failed in round {ran}: stopped after {ran} of {ROUNDS} rounds, {said}"
    with pytest.raises(BacktestError, match=message):
        go()
    assert not (tmp_path / "run").exists()
    assert (tmp_path / "run.failed" / "failure.json").is_file()


def test_an_older_failure_gives_way_to_the_next(go: Go, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for round_ in (10, 20):
        with monkeypatch.context() as planted:
            strike(planted, CioDesk, "_decide", in_round(round_), PlantedError)
            with pytest.raises(BacktestError):
                go()
    failure = json.loads((tmp_path / "run.failed" / "failure.json").read_text(encoding="utf-8"))
    assert failure["round"] == 20
    assert go().summary["rounds"] == ROUNDS


def test_a_catalog_that_turns_out_to_be_damaged_leaves_nothing_behind(
    daily_firm: Loaded, days: Path, tmp_path: Path
) -> None:
    import shutil  # noqa: PLC0415 - this test alone damages files

    from nautilus_ai_firm.data.errors import CatalogError  # noqa: PLC0415 - as above

    catalog = tmp_path / "catalog"
    shutil.copytree(days, catalog)
    (damaged,) = catalog.glob("macro/wti/*/data/**/*.parquet")
    damaged.write_bytes(damaged.read_bytes()[:-1] + b"x")
    with pytest.raises(CatalogError, match="missing or changed"):
        run(daily_firm, catalog, tmp_path / "run")
    assert [path.name for path in tmp_path.iterdir()] == ["catalog"]
