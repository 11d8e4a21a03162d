"""House rules that no linter knows: names, sizes, who may know whom, and how a run hears the time."""

import ast
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.firm_runs import ROOT

PACKAGE = ROOT / "nautilus_ai_firm"
FILES = sorted(PACKAGE.rglob("*.py"))
SCRIPTS = sorted([*(ROOT / "backtests").glob("*.py"), *(ROOT / "live").glob("*.py")])
MODELS = [path for path in FILES if path.is_relative_to(PACKAGE / "models")]
SIGNAL_MODELS = [path for path in (PACKAGE / "models" / "signals").glob("*.py") if path.stem != "__init__"]
DESKS = {
    "market": 0,
    "signals": 1,
    "cio": 2,
    "risk": 3,
    "compliance": 4,
    "execution": 5,
    "algorithms": 6,
}
CATCH_ALLS = {"utils", "util", "helpers", "helper", "common", "base", "misc", "tools", "core"}
MODEL_LINES, DESK_LINES, SCRIPT_LINES, FILE_LINES = 150, 250, 60, 400  # of code, without docstrings and blanks
CLOCKS = {
    "time.time", "time.time_ns", "time.monotonic", "time.monotonic_ns", "time.perf_counter", "time.perf_counter_ns",
    "datetime.now", "datetime.utcnow", "datetime.today", "date.today", "pd.Timestamp.now", "pandas.Timestamp.now",
}  # fmt: skip
NOISE = re.compile(r"\b(TODO|FIXME|XXX|HACK)\b")


def named(path: Path) -> str:
    return str(path.relative_to(ROOT))


def tree(path: Path) -> ast.Module:
    return ast.parse(path.read_text(encoding="utf-8"))


def imports(module: ast.Module) -> Iterator[str]:
    for node in ast.walk(module):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module:
            yield node.module
            yield from (f"{node.module}.{alias.name}" for alias in node.names)


def calls(module: ast.Module) -> set[str]:
    return {ast.unparse(node.func) for node in ast.walk(module) if isinstance(node, ast.Call)}


def clocks_of(module: ast.Module) -> set[str]:
    found = calls(module)
    own = {name.rpartition(".")[2] for name in imports(module) if name in CLOCKS}
    return {call for call in found if call in own or any(f".{call}".endswith(f".{clock}") for clock in CLOCKS)}


def lines(path: Path) -> int:
    """Lines that hold code."""
    module = tree(path)
    written = {number for number, line in enumerate(path.read_text(encoding="utf-8").splitlines(), 1) if line.strip()}
    for node in ast.walk(module):
        if isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant) and isinstance(node.value.value, str):
            written -= set(range(node.lineno, (node.end_lineno or node.lineno) + 1))
    return len(written)


def test_there_is_something_to_check() -> None:
    assert len(FILES) > 40
    assert len(MODELS) > 10
    assert len(SIGNAL_MODELS) >= 3


def test_no_room_for_what_belongs_nowhere() -> None:
    parts = {part for path in FILES for part in path.relative_to(PACKAGE).with_suffix("").parts}
    assert parts & CATCH_ALLS == set()


@pytest.mark.parametrize("path", FILES, ids=named)
def test_a_file_opens_with_what_it_does(path: Path) -> None:
    text = ast.get_docstring(tree(path))
    assert text
    assert text.splitlines()[0].endswith((".", ":")) or ". " in " ".join(text.splitlines()[:3])


@pytest.mark.parametrize("path", FILES, ids=named)
def test_no_work_is_left_as_a_note(path: Path) -> None:
    assert NOISE.findall(path.read_text(encoding="utf-8")) == []


@pytest.mark.parametrize("path", FILES, ids=named)
def test_no_file_is_too_long_to_read(path: Path) -> None:
    limit = FILE_LINES
    if path in MODELS:
        limit = MODEL_LINES
    elif path.parent.name == "agents":
        limit = DESK_LINES
    assert lines(path) <= limit


@pytest.mark.parametrize("path", SCRIPTS, ids=named)
def test_a_script_is_short(path: Path) -> None:
    assert lines(path) < SCRIPT_LINES


@pytest.mark.parametrize("path", MODELS, ids=named)
def test_a_model_knows_no_engine_no_file_and_no_desk(path: Path) -> None:
    allowed = {"nautilus_ai_firm.models", "nautilus_ai_firm.messages", "nautilus_ai_firm.durations"}
    foreign = {name for name in imports(tree(path)) if name.startswith(("nautilus_trader", "nautilus_ai_firm"))}
    assert {name for name in foreign if not name.startswith(tuple(allowed))} == set()
    assert "open" not in calls(tree(path))


@pytest.mark.parametrize("path", SIGNAL_MODELS, ids=named)
def test_a_signal_model_is_named_nowhere_but_in_configurations(path: Path) -> None:
    """So adding one touches one file: nobody imports it, nobody lists it."""
    word = re.compile(rf"\bsignals(?:\.|/| import ){path.stem}\b|[\"']{path.stem}[\"']")
    others = [other for other in FILES if other != path and other.parent.name != "data"]  # data has words of its own
    assert [named(other) for other in others if word.search(other.read_text(encoding="utf-8"))] == []


@pytest.mark.parametrize("path", SIGNAL_MODELS, ids=named)
def test_a_signal_model_offers_what_the_desk_expects(path: Path) -> None:
    classes = {node.name: node for node in tree(path).body if isinstance(node, ast.ClassDef)}
    assert {"Params", "Model"} <= set(classes)
    methods = {node.name: node for node in classes["Model"].body if isinstance(node, ast.FunctionDef)}
    assert [argument.arg for argument in methods["__init__"].args.args] == ["self", "params", "watched"]
    assert [argument.arg for argument in methods["update"].args.args] == ["self", "market"]
    assert [ast.unparse(one) for one in methods["horizon_rounds"].decorator_list] == ["property"]
    assert ast.unparse(methods["horizon_rounds"].returns or ast.Constant(None)) == "int"


@pytest.mark.parametrize(("name", "number"), list(DESKS.items()))
def test_a_desk_says_its_place_in_the_flow(name: str, number: int) -> None:
    path = PACKAGE / "agents" / f"{name}.py"
    first = (ast.get_docstring(tree(path)) or "").splitlines()[0]
    assert re.match(rf"{number}\. \S.* -> ", first)


def test_desks_do_not_know_each_other() -> None:
    shared = {
        "book", "earlier_stops", "entry_list", "exit_keeper", "exit_orders", "gate", "liquidation", "obedience",
        "opening_gap", "order_records", "parent_ends", "parents", "protection", "resumption", "retargeting",
        "scheduling", "slicing", "watched", "withdrawal",
    }  # fmt: skip
    for name in (*DESKS, "stops", "records", "reports", "gate"):
        known = {part for part in imports(tree(PACKAGE / "agents" / f"{name}.py")) if ".agents." in part}
        rooms = {part.split(".agents.")[1].split(".")[0] for part in known}
        assert rooms <= shared - {name}, name


def test_the_firm_seats_every_desk_in_flow_order() -> None:
    text = (PACKAGE / "firm.py").read_text(encoding="utf-8")
    begun, deciding = text.split("def seat_deciding(")
    seated = re.sub(r"\bseat_deciding\(", lambda _: deciding.split("\ndef ")[0], begun)
    assert re.findall(r"host\.add_\w+\((\w+)\(", seated) == [
        "RecordsDesk", "ReportsDesk", "MarketDesk", "SignalDesk", "CioDesk", "RiskDesk", "StopDesk", "ComplianceDesk",
        "ExecutionDesk",
    ]  # fmt: skip
    assert begun.index("ExecutionDesk(firm") < begun.index("host.add_exec_algorithm(algorithm)")


@pytest.mark.parametrize(
    "path",
    [
        path
        for path in FILES
        if path.is_relative_to(PACKAGE / "agents") or path in MODELS or path.stem in {"bus", "clock"}
    ],
    ids=named,
)
def test_nobody_in_the_firm_reads_the_wall_clock(path: Path) -> None:
    assert clocks_of(tree(path)) == set()


@pytest.mark.parametrize("path", [path for path in FILES if path.is_relative_to(PACKAGE / "agents")], ids=named)
def test_a_desk_asks_the_market_clock_and_not_the_engine(path: Path) -> None:
    used = {call for call in calls(tree(path)) if call.startswith("self.clock.")}
    assert used == set()


def draws(module: ast.Module) -> set[str]:
    """Random numbers of a module, but for a generator that is told its seed."""
    found = {name for name in imports(module) if name.split(".")[0] in {"random", "secrets", "uuid"}}
    found |= {name for name in imports(module) if name.startswith("numpy.random")}
    seeded = {"np.random.Generator(np.random.Philox(seed))", "np.random.Philox(seed)"}
    texts = {ast.unparse(node) for node in ast.walk(module) if isinstance(node, ast.Call)}
    return found | {text for text in texts - seeded if ".random." in text.partition("(")[0]}


@pytest.mark.parametrize("path", MODELS, ids=named)
def test_a_model_draws_no_random_numbers_but_from_a_seed(path: Path) -> None:
    assert draws(tree(path)) == set()


@pytest.mark.parametrize("path", [path for path in FILES if path.is_relative_to(PACKAGE / "agents")], ids=named)
def test_every_engine_callback_of_a_desk_runs_through_its_line(path: Path) -> None:
    for owner in (node for node in tree(path).body if isinstance(node, ast.ClassDef)):
        for method in (node for node in owner.body if isinstance(node, ast.FunctionDef)):
            if method.name.startswith("on_"):
                assert "callback" in {ast.unparse(decorator) for decorator in method.decorator_list}, method.name


def test_only_the_execution_desk_and_its_algorithms_submit_orders() -> None:
    senders = {"self.submit_order", "self._algorithm.submit_order"}
    submitting = {path.stem for path in FILES if senders & calls(tree(path))}
    assert submitting == {"execution", "child_orders"}


def test_only_the_data_room_writes_the_catalog() -> None:
    writers = (".add_bars", ".add_bar_chunks", ".add_observations", ".write_bars")
    writing = {path for path in FILES if any(call.endswith(writers) for call in calls(tree(path)))}
    assert {named(path).split("/")[1] for path in writing} == {"data"}
    assert len(writing) > 3


def test_topics_are_subscribed_at_priorities_that_differ() -> None:
    """Equal priorities are called in random order."""
    taken: dict[str, list[str]] = {}
    for path in FILES:
        for node in ast.walk(tree(path)):
            if isinstance(node, ast.Call) and ast.unparse(node.func).endswith("line.subscribe") and len(node.args) == 3:
                topic, priority = ast.unparse(node.args[0]), ast.unparse(node.args[2])
                if topic.startswith("Topic."):
                    taken.setdefault(topic, []).append(priority)
    assert len(taken) > 8
    assert {topic: priorities for topic, priorities in taken.items() if len(set(priorities)) < len(priorities)} == {}


# --- The rules find what they are for ----------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("import time\ntime.time()", {"time.time"}),
        ("from time import perf_counter\nperf_counter()", {"perf_counter"}),
        ("from datetime import datetime\ndatetime.now(UTC)", {"datetime.now"}),
        ("import datetime\ndatetime.datetime.now()", {"datetime.datetime.now"}),
        ("self._clock.now_ns()", set()),
        ("datetime.fromtimestamp(ts, UTC)", set()),
    ],
)
def test_a_planted_clock_is_found(text: str, found: set[str]) -> None:
    assert clocks_of(ast.parse(text)) == found


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("import random", {"random"}),
        ("from numpy.random import default_rng", {"numpy.random", "numpy.random.default_rng"}),
        ("np.random.default_rng()", {"np.random.default_rng()"}),
        ("np.random.Generator(np.random.Philox())", {"np.random.Generator(np.random.Philox())", "np.random.Philox()"}),
        ("generator = np.random.Generator(np.random.Philox(seed))\ngenerator.normal()", set()),
    ],
)
def test_a_planted_draw_is_found(text: str, found: set[str]) -> None:
    assert draws(ast.parse(text)) == found


@pytest.mark.parametrize("text", ["# TODO: later", "x = 1  # FIXME"])
def test_a_planted_note_is_found(text: str) -> None:
    assert NOISE.findall(text)
