"""The console report: one screen, whatever happened, with the figures of the run."""

import json
import shutil
import tomllib
from dataclasses import replace
from pathlib import Path

import pytest
import tomli_w

from nautilus_ai_firm.research.report import report
from nautilus_ai_firm.runs.folder import Run, open_run


def test_it_says_what_ran_and_what_came_of_it(small_run: Run) -> None:
    text, summary = report(small_run), small_run.summary
    assert f"{summary['start']} to {summary['end']}, 160 rounds of 1-DAY" in text
    for said in (
        f"{summary['total_return']:.2%}",
        f"{summary['max_drawdown']:.2%}",
        f"{summary['fees']:,.2f}",
        f"orders {summary['orders']:,}, denied 0",
        summary["result_sha256"],
        "buy-and-hold",
        "0.5 bps, at least 1 USD an order",
        "risk  max_position",
        "not profit",
    ):
        assert said in text
    assert all(f"{symbol}.US {count:,}" in text for symbol, count in _fills(small_run).items())
    assert all(agent in text for agent in ("momentum", "mean_reversion", "macro"))


def _fills(run: Run) -> dict[str, int]:
    names = run.table("fills")["instrument_id"].tolist()
    counts = {symbol: names.count(f"{symbol}.US") for symbol in "ABC"}
    assert min(counts.values()) > 0
    return counts


def test_benchmark_and_costs_are_numbers_beside_the_firms(small_run: Run) -> None:
    lines = {line.split("  ")[1]: line.split() for line in report(small_run).splitlines() if line.startswith("  ")}
    equity = small_run.table("benchmark")["equity"].iloc[-1]
    assert lines["total return"][-1] == f"{equity / 10e6 - 1:.2%}"
    assert lines["ending equity, USD"][-2:] == [f"{small_run.summary['ending_equity']:,.0f}", f"{equity:,.0f}"]
    assert lines["half-spread"][2] == "2.00"


def test_without_a_benchmark_it_says_so(small_run: Run, tmp_path: Path) -> None:
    shutil.copytree(small_run.folder, tmp_path / "run")
    (tmp_path / "run" / "benchmark.parquet").unlink()
    text = report(open_run(tmp_path / "run"))
    assert next(line for line in text.splitlines() if "Sharpe" in line).endswith("n/a")


@pytest.fixture
def crowded(small_run: Run, tmp_path: Path) -> Run:
    """A run in which more happened than a screen holds."""
    folder = tmp_path / "run"
    shutil.copytree(small_run.folder, folder)
    summary = small_run.summary | {
        "refusals": [("compliance", f"limit_missing:rule_number_{n}", 10_000 - n) for n in range(40)],
        "contributions": {f"agent_with_a_long_name_{n}": 1 / 30 for n in range(30)},
        "orders": 0,
        "not_modelled": [f"raw prices: LONGNAME{n}.US-1-MINUTE-LAST-EXTERNAL has none" for n in range(30)],
        "sharpe": None,
        "traded_notional": 0.0,
        "stop_levels": 1_000,
        "stop_fills": 10,
    }
    config = tomllib.loads((folder / "config.toml").read_text(encoding="utf-8"))
    config["market"]["universe"] += [{"id": f"LONGNAME{n}.US"} for n in range(60)]
    (folder / "config.toml").write_text(tomli_w.dumps(config), encoding="utf-8")
    (folder / "tearsheet.html").write_text("", encoding="utf-8")
    with (folder / "audit.jsonl").open("a", encoding="utf-8") as audit:
        for n in range(20):
            command = {
                "kind": "command",
                "ts": n * 10**9,
                "action": "halt",
                "cause": "a long cause " * 20,
                "who": "Ann",
            }
            audit.write(json.dumps(command, separators=(",", ":")) + "\n")
    return replace(open_run(folder), summary=summary)


def test_it_is_one_screen_of_plain_text_whatever_happened(small_run: Run, crowded: Run) -> None:
    for run in (small_run, crowded):
        lines = report(run).splitlines()
        assert len(lines) <= 40
        assert [line for line in lines if len(line) > 100 and str(run.folder) not in line] == []
        assert all(character.isprintable() for line in lines for character in line)  # no colours


def test_halts_and_missing_orders_are_loud(small_run: Run, crowded: Run) -> None:
    assert "***" not in report(small_run)
    text = report(crowded)
    assert "*** HALT at 1970-01-01T00:00:00Z by Ann: a long cause" in text
    assert "*** and 17 more commands" in text
    assert "*** NO ORDERS WERE SENT ***" in text
    assert "*** raw prices: LONGNAME0.US-1-MINUTE-LAST-EXTERNAL has none (and 29 more, see summary.json) ***" in text
    assert "firm resume" in text


def test_what_does_not_fit_is_counted(crowded: Run) -> None:
    text = report(crowded)
    assert "others      38 more rules" in text
    assert f"{sum(10_000 - n for n in range(2, 40)):,}" in text
    assert "and 57 more" in text
    assert "Sharpe ratio" in text
    assert "n/a" in text
