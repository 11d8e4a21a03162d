"""A run folder -> what its risk was: peaks of every limit, exceptions of the value at risk, stress, leverage."""

from dataclasses import dataclass
from math import nan

import numpy as np

from nautilus_ai_firm.hosts.universe import SESSION_MINUTES, SESSIONS_PER_YEAR, bar_minutes
from nautilus_ai_firm.models.estimators.kelly import growth_optimal_leverage
from nautilus_ai_firm.models.risk.backtests import Backtest
from nautilus_ai_firm.research.option_figures import OptionRow, option_rows
from nautilus_ai_firm.research.risk_rows import RiskRows
from nautilus_ai_firm.research.stress_figures import StressRow, stress_rows
from nautilus_ai_firm.research.tail_figures import TailShare, judged, tail_share
from nautilus_ai_firm.runs.folder import Run
from nautilus_ai_firm.runs.risk_table import FIGURES, OPTION_GREEKS, STRESS
from nautilus_ai_firm.settings import Firm, load

VAR_RULE = "max_var"


@dataclass(frozen=True, slots=True, kw_only=True)
class Peak:
    """The round in which a limit was used most.

    Attributes
    ----------
    rule, subject : str
        The limit, and of what; the portfolio where the subject is empty.
    limit, value : float
        What is allowed, and the largest that there was; NaN where it never was known.
    share : float
        value / limit.
    ts : int
        Close of that round, nanoseconds UTC.
    near : int
        Rounds in which the use was at least the share from which there is a warning.
    breaches : int
        How often it cut a decision; of limits with several subjects that of all of them.

    """

    rule: str
    subject: str
    limit: float
    value: float
    share: float
    ts: int
    near: int
    breaches: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Leverage:
    """Growth-optimal leverage against what was used, both as gross exposure over equity; NaN is not known."""

    mean_gross: float
    peak_gross: float
    optimal_multiple: float

    @property
    def optimal_gross(self) -> float:
        """Mean gross exposure at which capital would have grown fastest."""
        return self.optimal_multiple * self.mean_gross


@dataclass(frozen=True, slots=True, kw_only=True)
class RiskFigures:
    """What the risk of a run was; `judged` is None where there were no figures to judge, and `share` none to split."""

    firm: Firm
    rounds: int
    peaks: tuple[Peak, ...]
    judged: Backtest | None
    share: TailShare | None
    stress: tuple[StressRow, ...]
    options: tuple[OptionRow, ...]
    leverage: Leverage
    alerts: dict[str, int]


def risk_figures(run: Run) -> RiskFigures:
    """Read the risk of a run from its folder.

    Raises
    ------
    ConfigError
        The configuration in the folder cannot be read.

    """
    firm = load(run.folder / "config.toml").firm
    rows, equity = RiskRows.of(run.table("risk")), run.table("equity")
    levels, gross = (equity[name].to_numpy(dtype=np.float64) for name in ("equity", "gross"))
    returns = levels[1:] / levels[:-1] - 1.0
    rounds_per_year = SESSIONS_PER_YEAR * -(-SESSION_MINUTES // bar_minutes(firm.market.bar))
    cut = {rule: count for desk, rule, count in run.summary["refusals"] if desk == "risk"}
    names = dict.fromkeys(rows.rule[~np.isin(rows.rule, list(FIGURES))].tolist())
    return RiskFigures(
        firm=firm,
        rounds=len(equity),
        peaks=tuple(_peak(rows.take(rows.rule == name), firm.risk.warn_share, cut.get(name, 0)) for name in names),
        judged=judged(firm, rows.take(rows.rule == VAR_RULE), equity["round"].to_numpy(dtype=np.int64), returns),
        share=tail_share(rows),
        stress=stress_rows(rows.take(rows.rule == STRESS)),
        options=tuple(
            row for greek, rule in OPTION_GREEKS.items() for row in option_rows(greek, rows.take(rows.rule == rule))
        ),
        leverage=Leverage(
            mean_gross=float(gross.mean()) if len(gross) else nan,
            peak_gross=float(gross.max()) if len(gross) else nan,
            optimal_multiple=growth_optimal_leverage(returns, firm.costs.cash_rate_per_year / rounds_per_year)
            if bool(np.any(gross > 0))
            else nan,  # interest alone has hardly any variance
        ),
        alerts=run.summary["alerts"],
    )


def _peak(rows: RiskRows, warn_share: float, breaches: int) -> Peak:
    """Find the largest use of a limit, whatever its subject."""
    share = np.divide(rows.value, rows.limit, out=np.zeros_like(rows.value), where=rows.limit > 0)
    most = int(np.argmax(np.where(np.isnan(share), -1.0, share)))
    return Peak(
        rule=str(rows.rule[most]),
        subject=str(rows.subject[most]),
        limit=float(rows.limit[most]),
        value=float(rows.value[most]),
        share=float(share[most]),
        ts=int(rows.ts[most]),
        near=len(np.unique(rows.round[share >= warn_share])),
        breaches=breaches,
    )
