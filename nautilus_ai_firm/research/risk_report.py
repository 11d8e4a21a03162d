"""The risk of a run -> a screen of aligned text: limits and their peaks, exceptions, stress, leverage."""

import math
import textwrap

from nautilus_ai_firm.data.columns import utc
from nautilus_ai_firm.models.risk.backtests import Backtest, LikelihoodRatio
from nautilus_ai_firm.models.risk.greek_exposures import GREEKS
from nautilus_ai_firm.research.outline import aligned
from nautilus_ai_firm.research.risk_figures import RiskFigures, risk_figures
from nautilus_ai_firm.runs.folder import Run
from nautilus_ai_firm.settings import stated

NOT_KNOWN = "n/a"
WIDTH = 100
MEANINGS = (
    "peak: the most that risk let through in any round, and when; fractions of equity, but max_participation (of a "
    "session's volume), loss_velocity and correlation_break (multiples of what is usual). near: rounds at or above "
    "the share of the limit from which there is a warning. cut: how often it cut a decision. Exceptions: rounds that "
    "lost more than the figure of the round before, of those in which something was held; the portfolio changes at the "
    "next open, so the figure is of what was decided. p: probability of such a deviation where the figures are right. "
    "Growth-optimal (Kelly) leverage is of the returns of this run, with hindsight: a bound, and no advice."
)
MOST_PARTS = 10
PEAK_HEADS = ("limit", "of", "allowed", "peak", "use", "when", "near", "cut")
OPTIONS_TITLE = "Options held beside the firm"
OPTION_HEADS = ("contract", *(head for greek in GREEKS for head in (greek, "peak", "when")))
OPTIONS_MEANING = (
    "Exposures of the positions in fractions of equity, at the end and at their largest. delta: gain when the "
    "underlying moves by 1 %. gamma: change of delta. vega: gain per volatility point. theta: gain per calendar day. "
    "n/a: not known, for want of a usable quote."
)
STRESS_HEADS = ("scenario", "loss at the end", "largest loss", "when")


def risk_report(run: Run) -> str:
    """Write up the risk of a run.

    Parameters
    ----------
    run : Run
        A finished run.

    Raises
    ------
    ConfigError
        As `risk_figures`.

    """
    figures = risk_figures(run)
    said = ", ".join(f"{severity} {count:,}" for severity, count in figures.alerts.items()) or "none"
    missing = figures.firm.risk.missing
    return "\n".join(
        [
            f"{run.summary['run_id']}: {figures.rounds:,} rounds of {figures.firm.market.bar}; alerts: {said}",
            *([f"*** MISSING, so nothing was added: {', '.join(missing)} ***"] if missing else []),
            "LIMITS",
            *aligned([PEAK_HEADS, *peak_rows(figures)], right=(2, 3, 4, 6, 7)),
            *_judged(figures),
            *_shared(figures),
            "STRESS",
            *aligned([STRESS_HEADS, *stress_rows(figures)], right=(1, 2)),
            *_options(figures),
            *_leverage(figures),
            *textwrap.wrap(MEANINGS, WIDTH),
        ]
    )


def peak_rows(figures: RiskFigures) -> list[tuple[str, ...]]:
    """One row for each limit."""
    return [
        (
            peak.rule,
            peak.subject,
            f"{peak.limit:.4g}",
            _known(peak.value, ".4f"),
            _known(peak.share, ".0%"),
            _day(peak.ts, peak.value),
            f"{peak.near:,}",
            f"{peak.breaches:,}",
        )
        for peak in figures.peaks
    ]


def stress_rows(figures: RiskFigures) -> list[tuple[str, ...]]:
    """One row for each scenario, the worst first; a negative loss is a gain."""
    return [
        (row.scenario, _known(row.last, ".2%"), _known(row.worst, ".2%"), utc(row.ts)[:10]) for row in figures.stress
    ] or [("none", "", "", "")]


def option_rows(figures: RiskFigures) -> list[tuple[str, ...]]:
    """One row for each option held beside the firm, then one for all of them; none where none is held."""
    contracts = dict.fromkeys(row.contract for row in figures.options)
    return [
        (
            contract or "all",
            *(
                cell
                for row in figures.options
                if row.contract == contract
                for cell in (_known(row.last, ".5f"), _known(row.peak, ".5f"), _day(row.ts, row.peak))
            ),
        )
        for contract in contracts
    ]


def _options(figures: RiskFigures) -> list[str]:
    rows = option_rows(figures)
    if not rows:
        return []
    table = aligned([OPTION_HEADS, *rows], right=[column for column in range(1, len(OPTION_HEADS)) if column % 3])
    return [OPTIONS_TITLE.upper(), *table, *textwrap.wrap(OPTIONS_MEANING, WIDTH)]


def _day(ts: int, value: float) -> str:
    return utc(ts)[:10] if math.isfinite(value) else ""


def _judged(figures: RiskFigures) -> list[str]:
    measured, judged = stated(figures.firm.risk.value_at_risk), figures.judged
    if measured is None:
        return ["VALUE AT RISK not measured"]
    if judged is None:
        return ["VALUE AT RISK not judged: no round had a figure, or its horizon is not one round"]
    head = f"VALUE AT RISK at {measured.confidence:.4g}, largest of {', '.join(measured.methods)}"
    return [head, *(f"  {line}" for line in _lines(judged, measured.confidence))]


def _shared(figures: RiskFigures) -> list[str]:
    share, measured = figures.share, stated(figures.firm.risk.value_at_risk)
    if share is None or measured is None:
        return []
    adjusted = _known(share.liquidity_adjusted, ".2%")
    heads = [
        f"  at its largest, {utc(share.ts)[:10]}: {share.total:.2%} of equity, {adjusted} with the time and cost",
        f"  of selling at {measured.liquidation_participation:.0%} of volume and at the spread; whose it was:",
    ]
    shown = (
        share.parts
        if len(share.parts) <= MOST_PARTS
        else (*share.parts[: MOST_PARTS // 2], *share.parts[-MOST_PARTS // 2 :])
    )
    rest = share.total - sum(part for _, part in shown)
    rows = [(f"  {name}", f"{part:.2%}", f"{part / share.total:.0%}") for name, part in shown]
    if len(shown) < len(share.parts):
        rows.insert(
            MOST_PARTS // 2, (f"  {len(share.parts) - len(shown)} others", f"{rest:.2%}", f"{rest / share.total:.0%}")
        )
    return [*heads, *aligned(rows, right=(1, 2))]


def _lines(judged: Backtest, confidence: float) -> list[str]:
    expected = judged.observations * (1 - confidence)
    return [
        (
            f"exceptions {judged.exceptions:,} in {judged.observations:,} rounds, expected {expected:.1f}; "
            f"Basel traffic light {judged.zone}"
        ),
        *aligned(
            [
                ("Kupiec, as many as expected", *_ratio(judged.coverage)),
                ("Christoffersen, one at a time", *_ratio(judged.independence)),
                ("both", *_ratio(judged.conditional_coverage)),
            ]
        ),
    ]


def _ratio(ratio: LikelihoodRatio) -> tuple[str, str]:
    return f"LR {_known(ratio.statistic, '.3f')}", f"p {_known(ratio.p_value, '.3f')}"


def _leverage(figures: RiskFigures) -> list[str]:
    one = figures.leverage
    used = f"{_known(one.mean_gross, '.2f')} on average, {_known(one.peak_gross, '.2f')} at most"
    best = f"{_known(one.optimal_gross, '.2f')} ({_known(one.optimal_multiple, '.2f')} times what was held)"
    return [f"LEVERAGE gross used {used}; growth-optimal {best}"]


def _known(value: float, form: str) -> str:
    return f"{value:{form}}" if math.isfinite(value) else NOT_KNOWN
