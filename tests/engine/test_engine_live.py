"""What the live node does with a Python data client, the sandbox's execution, and signals."""

import json
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import pytest

ROOT = Path(__file__).resolve().parents[2]


@pytest.fixture(scope="module")
def seen(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    folder = tmp_path_factory.mktemp("node")
    command = [sys.executable, "-m", "tests.engine.live_probe", str(folder)]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=60, check=True)
    return json.loads(done.stdout.splitlines()[-1]) | {"log": [path.name for path in folder.iterdir()]}


def test_orders_and_their_events_are_served_before_the_next_data(seen: dict[str, Any]) -> None:
    assert seen["sequence"] == [
        "tick 100.00",
        "fill 100.00",
        "tick 101.00",
        "fill 101.00",
        "knock 1",
        "knock 2",
        "tick 102.00",
        "fill 102.00",
        "knock 3",
    ]


def test_the_sandbox_stamps_events_with_the_time_on_the_wall(seen: dict[str, Any]) -> None:
    assert all(abs(stamp / 1e9 - time.time()) < 600 for stamp in seen["stamps"])


def test_a_fee_model_in_python_is_asked_once_for_each_fill_of_the_sandbox(seen: dict[str, Any]) -> None:
    assert seen["fees"] == 3


def test_another_client_of_the_same_account_changes_the_balance_that_fills_count_from(seen: dict[str, Any]) -> None:
    assert seen["balances"] == ["99998.75", "99997.50", "100496.25"]


def test_a_signal_handler_of_the_event_loop_takes_the_signal_from_the_node(seen: dict[str, Any]) -> None:
    assert seen["running_after_sigint"] is True


def test_the_log_goes_to_the_folder_that_was_named(seen: dict[str, Any]) -> None:
    assert seen["log"] == ["engine.log"]
