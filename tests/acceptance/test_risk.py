"""A firm with everything of risk switched on: it trades, keeps its limits, and says the same whoever runs it when."""

import json
import os
import subprocess
import sys
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from nautilus_ai_firm.hosts.replay import replay
from nautilus_ai_firm.models.risk import review
from nautilus_ai_firm.models.risk.usage import Use
from nautilus_ai_firm.runs.folder import Run
from nautilus_ai_firm.settings import Loaded
from tests.firm_runs import ALL_RISK, ROOT, Market, Past, audit, decisions, run, settings, synthetic_market

SYMBOLS = ("A", "B", "C")
SESSIONS = 160
SLACK = 1e-9
TIGHT: dict[str, Any] = ALL_RISK | {
    "risk.max_position": 0.25,
    "risk.max_sector": 0.45,
    "risk.max_leverage": 0.50,
    "risk.max_concentration": 0.04,
    "risk.max_participation": 0.02,
    "risk.max_turnover": 0.20,
    "risk.max_agent": 0.30,
    "risk.max_overnight": 0.40,
    "risk.warn_share": 0.5,
}


@pytest.fixture(scope="module")
def market() -> Market:
    return synthetic_market(SYMBOLS, SESSIONS)


@pytest.fixture(scope="module")
def catalog(market: Market, tmp_path_factory: pytest.TempPathFactory) -> Path:
    return market.write(tmp_path_factory.mktemp("risk") / "catalog")


@pytest.fixture(scope="module")
def loaded() -> Loaded:
    return settings(SYMBOLS, TIGHT)


@pytest.fixture(scope="module")
def whole(loaded: Loaded, catalog: Path, tmp_path_factory: pytest.TempPathFactory) -> Run:
    return run(loaded, catalog, tmp_path_factory.mktemp("whole") / "run", journal=True)


def test_it_trades_and_several_limits_bite(whole: Run) -> None:
    assert whole.summary["orders"] > 50
    bit = {rule for desk, rule, _ in whole.summary["refusals"] if desk == "risk"}
    assert len(bit) >= 4, bit
    assert whole.summary["alerts"]["warning"] > 5
    assert whole.summary["alerts"]["breach"] > 3


def test_every_limit_has_a_row_in_every_round(whole: Run) -> None:
    table = whole.table("risk")
    always = {
        "max_position", "max_participation", "max_overnight", "max_sector", "max_agent", "max_gross", "max_net",
        "max_turnover", "max_leverage", "max_concentration", "max_var", "max_es", "max_stress_loss", "max_drawdown",
        "max_daily_loss", "max_weekly_loss", "max_rolling_loss", "loss_velocity", "correlation_break", "stress",
    }  # fmt: skip
    rounds = table.groupby("rule", observed=True)["round"].nunique().to_dict()
    assert {rule for rule, count in rounds.items() if count == whole.summary["rounds"]} >= always
    assert set(table["subject"]) >= {"", "A.US", "stocks", "momentum", "fall", "rise"}


def broken(result: Run) -> list[str]:
    """Rounds in which something was added and a limit of all weights is broken."""
    table = result.table("risk")
    joint = ["max_gross", "max_net", "max_turnover", "max_leverage", "max_concentration", "max_var", "max_es",
             "max_stress_loss"]  # fmt: skip
    over = table[table["rule"].isin(joint) & (table["value"] > table["limit"] * (1 + SLACK))]
    found: list[str] = []
    for line in decisions(result.folder):
        current, risk = np.array(line["current"]), np.array(line["risk"])
        base = np.clip(risk, np.minimum(current, 0.0), np.maximum(current, 0.0))
        if (np.abs(risk - base) > SLACK).any():
            found += [f"{line['round']} {rule}" for rule in over[over["round"] == line["round"]]["rule"]]
    return found


def test_limits_hold_in_every_round_in_which_something_was_added(whole: Run) -> None:
    assert broken(whole) == []
    assert max(max(map(abs, line["risk"])) for line in decisions(whole.folder)) <= 0.25


def test_limits_that_are_not_applied_are_found(
    loaded: Loaded, catalog: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(review, "apply_limits", lambda proposal, _: (proposal.wanted, ()))
    assert broken(run(loaded, catalog, tmp_path / "run"))


def test_an_alert_comes_in_the_round_of_its_breach(whole: Run) -> None:
    alerts = {(one["rule"], one["round"]) for one in audit(whole.folder, "alert") if one["severity"] == "breach"}
    refused: dict[str, list[int]] = {}
    for one in audit(whole.folder, "refusal"):
        if one["desk"] == "risk":
            refused.setdefault(one["breach"]["rule"], []).append(int(one["decision_id"][1:]))
    assert len(refused) > 3
    for rule, rounds in refused.items():
        assert (rule, rounds[0]) in alerts


def fresh_process(catalog: Path, hash_seed: int, planted: str = "") -> str:
    changes = json.dumps(TIGHT)
    command = [
        sys.executable,
        "-W",
        "error",
        "-m",
        "tests.firm_runs",
        str(catalog),
        ",".join(SYMBOLS),
        changes,
        planted,
    ]
    environment = os.environ | {"PYTHONHASHSEED": str(hash_seed)}
    done = subprocess.run(command, cwd=ROOT, env=environment, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    return done.stdout.strip()


@pytest.mark.slow
def test_two_fresh_processes_with_different_hash_seeds_agree(whole: Run, catalog: Path) -> None:
    assert fresh_process(catalog, 1) == fresh_process(catalog, 2) == whole.summary["result_sha256"]


UNORDERED_GROUPS = """
from dataclasses import replace
import nautilus_ai_firm.models.risk.review as review
honest = review.limits_of
def limits_of(*given, **named):
    found = honest(*given, **named)
    return replace(found, groups=tuple(dict((g.rule, g) for g in found.groups)[name]
                                       for name in {g.rule for g in found.groups}))
review.limits_of = limits_of
"""


@pytest.mark.slow
def test_groups_in_set_order_make_processes_differ(catalog: Path) -> None:
    assert len({fresh_process(catalog, seed, UNORDERED_GROUPS) for seed in range(1, 6)}) > 1


@pytest.mark.parametrize("share", [0.55, 0.7, 0.9])
def test_decisions_before_a_cut_stay_as_they_were(
    market: Market, loaded: Loaded, whole: Run, tmp_path: Path, share: float
) -> None:
    cut_ns = int(market.closes()[int(share * SESSIONS)])
    cut = run(loaded, market.cut(cut_ns).write(tmp_path / "catalog"), tmp_path / "run")
    ours, theirs = Past.of(whole, cut_ns), Past.of(cut, cut_ns)
    assert theirs.decided == ours.decided
    assert theirs.traded == ours.traded
    assert len(theirs.traded) > 20
    shared = cut.table("risk")
    assert shared.equals(whole.table("risk").iloc[: len(shared)])


HONEST = review.RiskReview.watch


def foresight(market: Market) -> Any:
    """A watch that is told whether the next close of the first stock is higher, as far as the market goes."""
    bars = market.bars[SYMBOLS[0]]

    def watch(self: Any, decision: Any) -> Any:
        standing = HONEST(self, decision)
        coming = int(np.searchsorted(bars.ts_close_ns, decision.ts_event, side="right"))
        rises = coming < len(bars.close) and bars.close[coming] > bars.close[coming - 1]
        return replace(standing, uses=(*standing.uses, Use(rule="told", subject="", value=float(rises), limit=1.0)))

    return watch


def test_a_review_that_sees_the_next_close_is_found(
    market: Market, loaded: Loaded, catalog: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(review.RiskReview, "watch", foresight(market))
    spoilt = run(loaded, catalog, tmp_path / "spoilt")
    closes = market.bars[SYMBOLS[0]].close
    rises = np.flatnonzero(np.diff(closes) > 0)
    before = np.flatnonzero(np.diff(closes) <= 0)
    place = next(int(one) for one in rises if one > SESSIONS // 2 and one - 1 in before)  # the alert is new there
    cut_ns = int(market.bars[SYMBOLS[0]].ts_close_ns[place])
    cut_market = market.cut(cut_ns)
    monkeypatch.setattr(review.RiskReview, "watch", foresight(cut_market))
    cut = run(loaded, cut_market.write(tmp_path / "catalog"), tmp_path / "cut")
    assert Past.of(cut, cut_ns).decided != Past.of(spoilt, cut_ns).decided


def test_a_run_replays_without_a_difference(whole: Run) -> None:
    replayed = replay(whole.folder)
    assert replayed.comparison.differences == ()
    assert replayed.comparison.fills == whole.summary["fills"] > 50


@pytest.mark.parametrize("table", ["value_at_risk", "stress", "losses", "velocity", "correlation"])
def test_a_table_that_nobody_stated_refuses_and_one_that_is_off_does_not(
    catalog: Path, tmp_path: Path, table: str
) -> None:
    silent = run(settings(SYMBOLS, {f"risk.{table}": None}), catalog, tmp_path / "silent")
    assert silent.summary["orders"] == 0
    assert f"limit_missing:{table}" in {rule for _, rule, _ in silent.summary["refusals"]}
