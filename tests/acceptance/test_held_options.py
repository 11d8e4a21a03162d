"""A firm that counts options of another account: they cut what it decides, and who runs it when is of no effect."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from nautilus_ai_firm.messages import DecisionEvent, RiskedDecision, RiskReport
from nautilus_ai_firm.models.risk.greeks_limits import GreekBounds
from nautilus_ai_firm.models.risk.halt import reducing_part
from nautilus_ai_firm.research.risk_figures import risk_figures
from nautilus_ai_firm.research.risk_report import OPTION_HEADS, option_rows, risk_report
from nautilus_ai_firm.research.tearsheet import write_tearsheet
from nautilus_ai_firm.runs.folder import Run
from nautilus_ai_firm.runs.session_reading import Session, read_session
from tests.firm_runs import Past, audit, run, settings
from tests.held_market import LATER, SOON, WIDE, held_market, holding
from tests.live_runs import Desk, assert_replays, assert_sealed, books, desk
from tests.runs.any_fact import bits
from tests.watched_market import SYMBOLS, WatchedMarket

HELD = {SOON: -800, LATER: 400}
POSITION, PORTFOLIO = 0.0032, 0.0035
TIGHT = holding(HELD, {"max_delta": POSITION}, {"max_delta": PORTFOLIO})
SHUT = holding(HELD, {"max_gamma": 0.0001})


@pytest.fixture(scope="module")
def market() -> WatchedMarket:
    return held_market()


@pytest.fixture(scope="module")
def made(market: WatchedMarket, tmp_path_factory: pytest.TempPathFactory) -> Desk:
    return desk(tmp_path_factory.mktemp("desk"), market, TIGHT, bar="1-HOUR")


@pytest.fixture(scope="module")
def runs(made: Desk, tmp_path_factory: pytest.TempPathFactory) -> dict[str, Run]:
    """The firm without options, with options and every limit off, and with limits that bite, on delta and on gamma."""
    folder = tmp_path_factory.mktemp("runs")
    changes = {"bare": WIDE, "off": holding(HELD), "tight": TIGHT, "shut": SHUT}
    return {
        name: run(settings(SYMBOLS, each), made.catalog, folder / name, journal=True) for name, each in changes.items()
    }


def rounds(session: Session) -> list[tuple[DecisionEvent, RiskedDecision, RiskReport]]:
    return list(zip(session.of("decision"), session.of("risked"), session.of("risk_report"), strict=True))


def broken(result: Run) -> list[str]:
    """Rounds in which a limit on delta is broken by more than without any increase, by another hand."""
    found: list[str] = []
    for decision, risked, report in rounds(read_session(result.folder)):
        assert report.options is not None
        beside = float(report.options.delta.sum())  # all of it is on A
        base = reducing_part(decision.current, risked.weights)
        for name, limit, after, before in (
            ("position", POSITION, 0.01 * risked.weights[0] + beside, 0.01 * base[0] + beside),
            ("portfolio", PORTFOLIO, 0.01 * risked.weights.sum() + beside, 0.01 * base.sum() + beside),
        ):
            if abs(after) > max(limit, abs(before)) + 1e-12:
                found.append(f"{report.round} {name}")
    return found


def refused(result: Run) -> set[str]:
    return {rule for desk_, rule, _ in result.summary["refusals"] if desk_ == "risk"}


def test_options_alone_change_no_decision_and_no_fill(runs: dict[str, Run]) -> None:
    assert books(runs["off"]) == books(runs["bare"])
    assert runs["off"].summary["fills"] > 20


def test_decisions_are_cut_by_what_is_held_beside_the_firm(runs: dict[str, Run]) -> None:
    assert {name: refused(one) for name, one in runs.items()} == {
        "bare": set(),
        "off": set(),
        "tight": {"max_position_delta", "max_delta"},
        "shut": {"max_position_gamma"},
    }
    assert min(one.summary["fills"] for one in runs.values()) > 5
    assert len({one.summary["result_sha256"] for one in runs.values()}) == 3, "all but the first two differ"


def test_limits_on_delta_hold_in_every_round(runs: dict[str, Run]) -> None:
    assert broken(runs["tight"]) == []
    assert len(broken(runs["off"])) > 10, "the control: without limits they do not"


def test_while_gamma_is_over_its_limit_trades_in_its_underlying_hedge_or_reduce(runs: dict[str, Run]) -> None:
    moved: list[float] = []
    for decision, risked, report in rounds(read_session(runs["shut"].folder)):
        assert report.options is not None
        beside = float(report.options.delta.sum())
        base = reducing_part(decision.current, risked.weights)[0]
        if abs(report.options.gamma.sum()) <= 0.0001:
            continue
        assert abs(0.01 * risked.weights[0] + beside) <= abs(0.01 * base + beside) + 1e-12
        moved.append(float(risked.weights[0] - base))
    assert len(moved) > 50
    assert min(moved) < 0, "a hedge of calls that are held"
    assert max(moved) == 0, "nothing was bought to be held"


def test_a_sign_that_is_wrong_is_found(made: Desk, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The control of the test above: the delta of options counts with the other sign."""
    honest = GreekBounds._bands_of

    def wrong(bounds: GreekBounds, place: int) -> Any:
        bounds.options.delta.flags.writeable = True
        bounds.options.delta[:] *= -1
        yield from list(honest(bounds, place))
        bounds.options.delta[:] *= -1

    monkeypatch.setattr(GreekBounds, "_bands_of", wrong)
    assert broken(run(settings(SYMBOLS, TIGHT), made.catalog, tmp_path / "run", journal=True))


def test_what_is_over_its_limit_whatever_the_firm_trades_is_told(runs: dict[str, Run]) -> None:
    alerts = [one for one in audit(runs["shut"].folder, "alert") if one["rule"] == "max_position_gamma"]
    assert {(one["severity"], one["subject"], one["action"]) for one in alerts} == {
        ("breach", "A.US", "told: the firm does not trade options")
    }
    assert all(one["value"] > one["limit"] == 0.0001 for one in alerts)
    assert alerts[0]["round"] == 1, "before anybody decided anything"


def test_stress_counts_them_by_their_greeks(runs: dict[str, Run]) -> None:
    """Decisions are the same, so the losses differ by the expansion of the options alone: by hand, in each round."""
    compared = 0
    without_options, with_options = (read_session(runs[name].folder).of("risk_report") for name in ("bare", "off"))
    for without, with_ in zip(without_options, with_options, strict=True):
        assert without.stress is not None
        assert with_.stress is not None
        options = with_.options
        assert options is not None
        for place, percent in enumerate((-20.0, 15.0)):
            gain = sum(d * percent + g * percent**2 / 2 for d, g in zip(options.delta, options.gamma, strict=True))
            assert with_.stress.losses[place] == pytest.approx(without.stress.losses[place] - gain, abs=1e-12)
            compared += abs(gain) > 0.01
    assert compared > 50


def test_the_largest_loss_under_stress_is_that_with_options(made: Desk, tmp_path: Path) -> None:
    tight = {"risk.stress": WIDE["risk.stress"] | {"max_loss": 0.08}}
    cut = [
        refused(run(settings(SYMBOLS, each | tight), made.catalog, tmp_path / name))
        for name, each in (("bare", WIDE), ("held", holding({LATER: -400})))
    ]
    assert ["max_stress_loss" in rules for rules in cut] == [False, True]


def test_what_has_expired_counts_no_more(runs: dict[str, Run], market: WatchedMarket) -> None:
    expiry_ns = int(np.datetime64(market.contracts[SOON].expiration[:-1], "ns").astype(np.int64))
    found = [(report.ts_event >= expiry_ns, report.options) for *_, report in rounds(read_session(runs["off"].folder))]
    gone = {float(options.delta[0]) for over, options in found if over and options is not None}
    alive = [float(options.delta[0]) for over, options in found if not over and options is not None]
    assert gone == {0.0}
    assert len(alive) > 20
    assert max(alive) < 0, "calls that were sold"


def test_the_report_and_the_tearsheet_show_them(runs: dict[str, Run]) -> None:
    text = risk_report(runs["tight"])
    assert "OPTIONS HELD BESIDE THE FIRM" in text
    for expected in ("max_position_delta", "max_delta", SOON, LATER):
        assert expected in text
    figures = risk_figures(runs["tight"])
    table: Any = runs["tight"].table("risk")
    rows = option_rows(figures)
    assert [row[0] for row in rows] == [SOON, LATER, "all"]
    assert {len(row) for row in rows} == {len(OPTION_HEADS)}
    own = table[(table["rule"] == "option_vega") & (table["subject"] == LATER)]["value"]
    (vega,) = [row for row in figures.options if (row.contract, row.greek) == (LATER, "vega")]
    assert (vega.last, abs(vega.peak)) == (own.to_list()[-1], own.abs().max())
    assert rows[1][7:9] == (f"{vega.last:.5f}", f"{vega.peak:.5f}")
    deltas = table[table["rule"] == "option_delta"].groupby("round")["value"].sum(skipna=False)
    (total,) = [row for row in figures.options if (row.contract, row.greek) == ("", "delta")]
    assert abs(total.peak) == pytest.approx(deltas.abs().max(), rel=1e-12)
    page = write_tearsheet(runs["tight"]).read_text(encoding="utf-8")
    assert "<h2>Options held beside the firm</h2>" in page
    assert "OPTIONS HELD" not in risk_report(runs["bare"])
    assert "<h2>Options held" not in write_tearsheet(runs["bare"]).read_text(encoding="utf-8")


def test_a_session_decides_as_a_backtest_and_replays_without_a_difference(
    made: Desk, runs: dict[str, Run], tmp_path: Path
) -> None:
    ended = made.run(tmp_path / "run")
    assert ended.status == 0, ended.errors
    result = assert_sealed(tmp_path / "run", "normal")
    assert books(result) == books(runs["tight"])
    assert_replays(tmp_path / "run")


def test_with_the_future_cut_away_nothing_of_the_past_changes(
    market: WatchedMarket, runs: dict[str, Run], tmp_path: Path
) -> None:
    cut_ns = int(market.closes()[33])
    cut = run(settings(SYMBOLS, TIGHT), market.cut(cut_ns).write(tmp_path / "catalog"), tmp_path / "run", journal=True)
    ours, theirs = (
        [(bits(risked.weights), bits(report)) for _, risked, report in rounds(read_session(one))]
        for one in (runs["tight"].folder, cut.folder)
    )
    assert len(theirs) == 34
    assert theirs == ours[:34]
    assert len(Past.of(cut, cut_ns).decided) > 30
