"""The eleventh agent of docs/agents.md, word for word: its file is a model, its test passes, and its entry trades."""

import importlib
import re
import subprocess
import sys
import tomllib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from nautilus_ai_firm.models import signals
from nautilus_ai_firm.settings import decode
from tests.firm_runs import ROOT, raw_firm, run, settings, synthetic_market

PAGE = (ROOT / "docs" / "agents.md").read_text(encoding="utf-8")
MODEL, TEST = re.findall(r"```python\n(.*?)```", PAGE, re.DOTALL)
ENTRY, BOUNDS = (tomllib.loads(text) for text in re.findall(r"```toml\n(.*?)```", PAGE, re.DOTALL))
RULES = "tests/architecture/test_house_rules.py"


@pytest.fixture
def eleventh(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """The model's file, in a folder that is searched as `models/signals/` is."""
    folder = tmp_path / "signals"
    folder.mkdir()
    path = folder / "breakout.py"
    path.write_text(MODEL, encoding="utf-8")
    monkeypatch.setattr(signals, "__path__", [*signals.__path__, str(folder)])
    importlib.invalidate_caches()
    yield path
    sys.modules.pop(f"{signals.__name__}.breakout", None)
    if hasattr(signals, "breakout"):
        del signals.breakout  # pyright: ignore[reportAttributeAccessIssue] - the import put it there


def agents(**more: Any) -> list[dict[str, Any]]:
    (entry,) = ENTRY["signals"]["agents"]
    return [*raw_firm(macro=False)["signals"]["agents"], entry | more]


def test_its_test_passes(eleventh: Path) -> None:
    assert eleventh.is_file()
    namespace: dict[str, Any] = {}
    exec(compile(TEST, "test_breakout.py", "exec"), namespace)  # noqa: S102 - the page's own text
    tests = [value for name, value in namespace.items() if name.startswith("test_")]
    assert len(tests) == 1
    for test in tests:
        test()


def test_its_test_finds_a_fault(eleventh: Path) -> None:
    eleventh.write_text(MODEL.replace("- 1\n", "- 0.999\n"), encoding="utf-8")
    with pytest.raises(AssertionError, match="Not equal to tolerance"):
        test_its_test_passes(eleventh)


def test_its_entry_is_all_that_it_takes_to_trade(eleventh: Path, tmp_path: Path) -> None:
    assert eleventh.is_file()
    catalog = synthetic_market(["A", "B"], 80).write(tmp_path / "catalog")
    result = run(settings(["A", "B"], {"signals.agents": agents()}, macro=False), catalog, tmp_path / "run")
    assert result.summary["contributions"]["breakout"] > 0.05
    assert result.summary["signal_us_per_round"]["breakout"] > 0


def test_its_bounds_are_keys_of_the_entry(eleventh: Path) -> None:
    assert eleventh.is_file()
    raw = raw_firm(["A"], {"signals.agents": agents(**BOUNDS)}, macro=False)
    assert decode(raw, "page").firm.signals.agents[-1].may_miss


@pytest.mark.parametrize("text", [MODEL, TEST], ids=["model", "test"])
def test_it_is_in_the_style_of_the_house(tmp_path: Path, text: str) -> None:
    path = tmp_path / "breakout.py"
    path.write_text(text, encoding="utf-8")
    config = ["--config", str(ROOT / "pyproject.toml"), "--no-cache"]
    ignored = ["--ignore", "INP001,S101,PLR2004,D"] if text is TEST else ["--ignore", "INP001"]
    for command in (["check", *ignored], ["format", "--check"]):
        done = subprocess.run(
            [sys.executable, "-m", "ruff", *command, *config, str(path)], capture_output=True, text=True, check=False
        )
        assert done.returncode == 0, done.stdout


def test_it_offers_what_the_desk_expects(eleventh: Path) -> None:
    rules = importlib.import_module("tests.architecture.test_house_rules")
    rules.test_a_signal_model_offers_what_the_desk_expects(eleventh)
    rules.test_nobody_in_the_firm_reads_the_wall_clock(eleventh)
    assert rules.lines(eleventh) < rules.MODEL_LINES
