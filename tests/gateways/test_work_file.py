"""Work that a session leaves on the disk, and reads back."""

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from nautilus_ai_firm.gateways.errors import GatewayError
from nautilus_ai_firm.gateways.work_file import SavedOrder, SavedWork, WorkFile
from nautilus_ai_firm.messages import Interrupted

TIMES = st.integers(0, 2**62)
ORDERS = st.builds(
    SavedOrder,
    rest=st.builds(
        Interrupted,
        instrument_id=st.just("AAPL.US"),
        parent_order_id=st.text("RC0123456789-", min_size=1, max_size=12),
        quantity=st.integers(-(10**9), 10**9),
        execution_ns=TIMES,
        end_ns=TIMES,
        interval_ns=TIMES,
        algorithm=st.sampled_from(["TWAP", "VWAP", ""]),
        floor_price=st.none() | st.floats(allow_nan=False, allow_infinity=False),
        parameters=st.lists(st.tuples(st.text(max_size=5), st.text(max_size=5)), max_size=3).map(tuple),
        auction_ns=TIMES,
        close_ns=TIMES,
    ),
    position=st.integers(-(10**9), 10**9),
)
WORKS = st.builds(
    SavedWork, ts_ns=TIMES, config_sha256=st.just("a" * 64), orders=st.lists(ORDERS, max_size=3).map(tuple)
)


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("work")


@given(WORKS)
def test_work_is_read_back_as_it_was_written(folder: Path, work: SavedWork) -> None:
    file = WorkFile.beside(folder / "kill_switch.json", "demo", "DU1")
    file.write(work)
    assert file.path == folder / "demo-DU1.work.json"
    assert file.read() == work
    assert [path.name for path in folder.iterdir()] == ["demo-DU1.work.json"]  # nothing half-written stays


def test_a_firm_that_left_nothing_has_no_file(tmp_path: Path) -> None:
    assert WorkFile(tmp_path / "none.json").read() is None


@pytest.mark.parametrize("content", ["", "{", '{"record": "unfinished_work"}', "[]"])
def test_a_file_that_cannot_be_read_is_named_with_what_to_do(tmp_path: Path, content: str) -> None:
    path = tmp_path / "demo.work.json"
    path.write_text(content, encoding="utf-8")
    with pytest.raises(GatewayError, match=r"demo\.work\.json: cannot be read .*; move it away: the next session then"):
        WorkFile(path).read()
