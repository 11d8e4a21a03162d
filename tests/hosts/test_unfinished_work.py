"""What goes on after an interruption, what does not and why, and what is on the disk at every moment."""

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest

from nautilus_ai_firm.durations import SECOND_NS
from nautilus_ai_firm.gateways.work_file import WorkFile
from nautilus_ai_firm.hosts.unfinished_work import UnfinishedWork, WorkTerms, earlier_work
from nautilus_ai_firm.messages import Interrupted
from nautilus_ai_firm.models.execution.ledger import Parent

TERMS = WorkTerms(names=("AAPL.US", "IBM.US"), config_sha256="a" * 64, grace_ns=60 * SECOND_NS, is_resumed=True)


def parent(place: int, quantity: int, **changes: object) -> Parent:
    made = Parent(
        parent_id=f"261121154000-R000012-{TERMS.names[place]}",
        place=place,
        quantity=quantity,
        round=12,
        decision_id="R000012",
        execution_ns=1_000 * SECOND_NS,
        end_ns=1_600 * SECOND_NS,
        interval_ns=60 * SECOND_NS,
        parameters=(("open_ns", "7"),),
    )
    return replace(made, **changes)  # pyright: ignore[reportArgumentType] - of the fields' own types


class Session:
    """A session at a broker, as far as its work is concerned."""

    def __init__(self, folder: Path, terms: WorkTerms = TERMS) -> None:
        self.said: list[str] = []
        self.positions = [0, 0]
        self.now_ns = 1_100 * SECOND_NS
        self.is_halted = False
        self.file = WorkFile(folder / "demo.work.json")
        self.work = UnfinishedWork(
            earlier_work(self.file, terms, self.said.append),
            lambda: self.positions,
            is_halted=lambda: self.is_halted,
            now_ns=lambda: self.now_ns,
            say=self.said.append,
        )

    @property
    def on_disk(self) -> list[tuple[str, int, int]]:
        work = self.file.read()
        orders = () if work is None else work.orders
        return [(one.rest.instrument_id, one.rest.quantity, one.position) for one in orders]


def killed(folder: Path, *works: tuple[Parent, int], positions: tuple[int, int] = (0, 0)) -> None:
    """Leave the work of a session that was killed."""
    session = Session(folder)
    assert session.work.resume() == ()
    session.positions = list(positions)
    session.work.follow(list(works))
    session.work.look()


def test_a_killed_session_leaves_its_parents_and_the_next_goes_on_with_what_is_left(tmp_path: Path) -> None:
    killed(tmp_path, (parent(0, 1_000), 400), (parent(1, -50), -50), positions=(600, 50))
    again = Session(tmp_path)
    again.positions = [700, 50]  # a child filled when nobody was there
    resumed = again.work.resume()
    assert [(one.instrument_id, one.quantity) for one in resumed] == [("AAPL.US", 300), ("IBM.US", -50)]
    first = resumed[0]
    assert first == Interrupted(
        instrument_id="AAPL.US",
        parent_order_id="261121154000-R000012-AAPL.US",
        quantity=300,
        execution_ns=1_000 * SECOND_NS,
        end_ns=1_600 * SECOND_NS,
        interval_ns=60 * SECOND_NS,
        algorithm="TWAP",
        parameters=(("open_ns", "7"),),
    )
    assert again.on_disk == [("AAPL.US", 300, 700), ("IBM.US", -50, 50)]  # a second kill loses nothing
    assert again.said == []


def let_be(_: Session) -> None:
    pass


def stopped_out(session: Session) -> None:
    session.positions = [0, 0]


def overfilled(session: Session) -> None:
    session.positions = [1_001, 0]


def late(session: Session) -> None:
    session.now_ns = 1_600 * SECOND_NS


def halted(session: Session) -> None:
    session.is_halted = True


@pytest.mark.parametrize(
    ("happens", "why"),
    [
        (let_be, None),
        (stopped_out, "its position was changed by other orders"),
        (overfilled, "its position was changed by other orders"),
        (late, "its time is over"),
        (halted, "the kill switch is latched"),
    ],
)
def test_what_does_not_go_on_is_told_with_its_reason(
    tmp_path: Path, happens: Callable[[Session], None], why: str | None
) -> None:
    killed(tmp_path, (parent(0, 1_000), 400), positions=(600, 0))
    again = Session(tmp_path)
    again.positions = [600, 0]
    happens(again)
    resumed = again.work.resume()
    rest = "BUY 400 AAPL.US, TWAP until 1970-01-01 00:26 UTC, of 261121154000-R000012-AAPL.US"
    assert again.said == ([] if why is None else [f"not resumed, {why}: {rest}"])
    assert len(resumed) == (why is None)
    assert len(again.on_disk) == (why is None)  # it is told once


def test_a_parent_that_was_filled_meanwhile_is_over_without_a_word(tmp_path: Path) -> None:
    killed(tmp_path, (parent(0, 1_000), 400), positions=(600, 0))
    again = Session(tmp_path)
    again.positions = [1_000, 0]
    assert again.work.resume() == ()
    assert again.said == []


@pytest.mark.parametrize(("now_s", "goes_on"), [(900, True), (1_059, True), (1_060, False)])
def test_an_order_that_goes_out_at_once_may_be_an_interval_late(tmp_path: Path, now_s: int, goes_on: bool) -> None:
    killed(tmp_path, (parent(0, 10, end_ns=0, interval_ns=0), 10))
    again = Session(tmp_path)
    again.now_ns = now_s * SECOND_NS
    assert bool(again.work.resume()) is goes_on


def test_another_configuration_and_additions_to_a_pyramid_begin_anew(tmp_path: Path) -> None:
    killed(tmp_path, (parent(0, 10), 10), (parent(1, 20, algorithm="PYRAMID", floor_price=5.0), 20))
    again = Session(tmp_path)
    assert [one.instrument_id for one in again.work.resume()] == ["AAPL.US"]
    assert again.said[0].startswith("not resumed, an addition to a pyramid is planned anew: BUY 20 IBM.US, PYRAMID")
    other = Session(tmp_path, replace(TERMS, config_sha256="b" * 64))
    assert other.work.resume() == ()
    assert other.said[0].startswith("not resumed, the configuration is another one: BUY 10 AAPL.US")


def test_ends_are_on_the_disk_at_once_and_what_is_new_when_one_looks(tmp_path: Path) -> None:
    session = Session(tmp_path)
    session.work.resume()
    session.work.follow([(parent(0, 10), 10), (parent(1, 20), 20)])
    assert session.on_disk == []
    session.work.look()
    assert session.on_disk == [("AAPL.US", 10, 0), ("IBM.US", 20, 0)]
    session.positions = [0, 5]
    session.work.follow([(parent(1, 20), 15)])  # the first ended, by a stop perhaps: it must not begin again
    assert session.on_disk == [("IBM.US", 15, 5)]


def test_what_a_lost_connection_ends_goes_on_when_it_is_back(tmp_path: Path) -> None:
    session = Session(tmp_path)
    session.work.resume()
    session.positions = [100, 0]
    session.work.follow([(parent(0, 500), 400)])
    session.work.interrupt()
    session.work.follow([])  # the desk drops it
    session.positions = [150, 0]
    assert session.on_disk == [("AAPL.US", 400, 100)]
    assert [one.quantity for one in session.work.resume()] == [350]


def test_what_still_works_when_the_connection_is_back_does_not_go_on_twice(tmp_path: Path) -> None:
    session = Session(tmp_path)
    session.work.resume()
    works = [(parent(0, 500, end_ns=0), 500)]
    session.work.follow(works)
    session.work.interrupt()
    assert session.work.resume() == ()


def test_a_firm_that_failed_or_is_told_to_drop_leaves_nothing(tmp_path: Path) -> None:
    session = Session(tmp_path)
    session.work.resume()
    session.work.follow([(parent(0, 10), 10)])
    session.work.look()
    session.work.forget()
    assert session.on_disk == []
    drops = Session(tmp_path / "drops", replace(TERMS, is_resumed=False))
    assert drops.work.resume() == ()
    drops.work.follow([(parent(0, 10), 10)])
    drops.work.look()
    drops.work.interrupt()
    assert drops.work.resume() == ()
    assert not drops.file.path.exists()
