"""Content is on the disk before its name is, and every name before the manifest that counts on it."""

import os
from pathlib import Path

import pytest

from nautilus_ai_firm.data import durable
from nautilus_ai_firm.data.catalog import Catalog
from nautilus_ai_firm.data.durable import make_folder, put_in_place
from nautilus_ai_firm.data.export import export
from nautilus_ai_firm.data.synthetic import synthetic_bars, write_synthetic
from nautilus_ai_firm.gateways.kill_switch import FileKillSwitch
from nautilus_ai_firm.gateways.risk_file import RiskFile
from nautilus_ai_firm.models.risk.memory import EquityState, RiskMemory


class Disk:
    """What reached the disk, and what was given a name, in order."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.synced: list[Path] = []
        self.named: list[Path] = []
        sync, replace = os.fsync, Path.replace

        def fsync(descriptor: int) -> None:
            self.synced.append(Path(f"/proc/self/fd/{descriptor}").readlink())
            sync(descriptor)

        def renamed(pending: Path, target: Path) -> Path:
            inside = {path for path in (pending, *pending.rglob("*")) if path.is_file()}
            assert inside <= set(self.synced), f"{target.name} is named before its content is on the disk"
            self.refuse_lost_names()
            self.named.append(target)
            return replace(pending, target)

        monkeypatch.setattr(os, "fsync", fsync)
        monkeypatch.setattr(Path, "replace", renamed)

    def refuse_lost_names(self) -> None:
        """Refuse a name of which the folder was not synced after it."""
        for target in self.named:
            assert target.parent in self.synced, f"{target.name} is counted on before it is on the disk"


@pytest.fixture
def disk(monkeypatch) -> Disk:
    return Disk(monkeypatch)


def test_folders_are_on_the_disk_before_the_manifest_and_all_of_it_when_the_update_ends(tmp_path, disk):
    path = tmp_path / "new" / "catalog"
    write_synthetic(Catalog(path), synthetic_bars(("AAA", "BBB"), 30))
    disk.refuse_lost_names()
    assert [target.suffix for target in disk.named] == [".series", ".series", ".json"]
    assert {path.parent.parent, path.parent, path, path / "1-DAY", path / "1-DAY/AAA.XNYS"} <= set(disk.synced)
    assert disk.synced[-1] == path
    names = Catalog(path).names()
    assert export(Catalog(path), names[0], tmp_path / "aaa.csv") == 30
    assert disk.named[-1] == tmp_path / "aaa.csv"


@pytest.mark.parametrize("lost", ["file", "folder"])
def test_the_disk_above_sees_what_was_not_synced(tmp_path, disk, monkeypatch, lost):
    sync = durable.sync
    monkeypatch.setattr(durable, "sync", lambda path: None if path.is_file() == (lost == "file") else sync(path))
    (tmp_path / "pending").mkdir()
    (tmp_path / "pending" / "one").write_text("1")

    def put() -> None:
        put_in_place(tmp_path / "pending", tmp_path / "a" / "target")
        disk.refuse_lost_names()

    with pytest.raises(AssertionError, match="before"):
        put()


def test_a_folder_that_is_there_is_left_alone(tmp_path, disk):
    make_folder(tmp_path / "a" / "b")
    assert disk.synced == [tmp_path, tmp_path / "a"]
    make_folder(tmp_path / "a" / "b")
    assert len(disk.synced) == 2


def test_what_a_firm_must_not_forget_is_on_the_disk_when_it_is_said(tmp_path, disk):
    """A loss of power neither opens a switch again nor forgets the high-water mark."""
    switch = tmp_path / "state" / "kill_switch.json"
    FileKillSwitch(switch).latch("drawdown", "risk", "2026-01-02T03:04:05+00:00")
    assert disk.synced[-1] == switch.parent
    memory = RiskFile.beside(switch, "firm", "DU1")
    memory.remember(RiskMemory(ts_ns=1, equity=EquityState(mark=1e6), halted=True), flows=0)
    assert disk.synced[-1] == switch.parent
    assert disk.named == [switch, memory.path]
