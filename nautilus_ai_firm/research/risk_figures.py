"""A run folder -> what its risk was: peaks of every limit, exceptions of the value at risk, stress, leverage."""

from dataclasses import dataclass, fields
from math import isfinite, nan
from typing import Self

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from nautilus_ai_firm.hosts.universe import SESSION_MINUTES, SESSIONS_PER_YEAR, bar_minutes
from nautilus_ai_firm.messages import Bools, Floats, Times
from nautilus_ai_firm.models.estimators.kelly import growth_optimal_leverage
from nautilus_ai_firm.models.risk.backtests import Backtest, backtest, exceptions
from nautilus_ai_firm.runs.folder import Run
from nautilus_ai_firm.runs.risk_table import COMPONENT, FIGURES, LIQUIDITY_ADJUSTED, OPTION_GREEKS, STRESS
from nautilus_ai_firm.settings import Firm, load, stated

VAR_RULE = "max_var"

type Names = NDArray[np.str_]


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
class StressRow:
    """What the portfolio would have lost in a scenario: at the end, and at the most."""

    scenario: str
    last: float
    worst: float
    ts: int


@dataclass(frozen=True, slots=True, kw_only=True)
class TailShare:
    """Whose the value at risk was when it was largest of the rounds that told: the parts sum to the total.

    Attributes
    ----------
    ts : int
        Close of that round, nanoseconds UTC.
    parts : tuple of (str, float)
        Instrument and its component, a fraction of equity, the largest first.
    liquidity_adjusted : float
        The value at risk with the time and cost of getting out, a fraction of equity; NaN where not known.

    """

    ts: int
    parts: tuple[tuple[str, float], ...]
    liquidity_adjusted: float

    @property
    def total(self) -> float:
        """The value at risk, a fraction of equity."""
        return sum(part for _, part in self.parts)


@dataclass(frozen=True, slots=True, kw_only=True)
class OptionRow:
    """One Greek of one option held beside the firm, or of all: at the end and at its largest, signed.

    Attributes
    ----------
    contract : str
        The contract; empty is the sum of all.
    greek : str
        Which, of `GREEKS`.
    last, peak : float
        Fractions of equity; NaN where not known, at the peak where it never was.
    ts : int
        Close of the round of the peak, nanoseconds UTC.

    """

    contract: str
    greek: str
    last: float
    peak: float
    ts: int


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
    rows, equity = _Rows.of(run.table("risk")), run.table("equity")
    levels, gross = (equity[name].to_numpy(dtype=np.float64) for name in ("equity", "gross"))
    returns = levels[1:] / levels[:-1] - 1.0
    rounds_per_year = SESSIONS_PER_YEAR * -(-SESSION_MINUTES // bar_minutes(firm.market.bar))
    cut = {rule: count for desk, rule, count in run.summary["refusals"] if desk == "risk"}
    names = dict.fromkeys(rows.rule[~np.isin(rows.rule, list(FIGURES))].tolist())
    return RiskFigures(
        firm=firm,
        rounds=len(equity),
        peaks=tuple(_peak(rows.take(rows.rule == name), firm.risk.warn_share, cut.get(name, 0)) for name in names),
        judged=_judged(firm, rows.take(rows.rule == VAR_RULE), equity["round"].to_numpy(dtype=np.int64), returns),
        share=_share(rows),
        stress=_stress(rows.take(rows.rule == STRESS)),
        options=tuple(
            row for greek, rule in OPTION_GREEKS.items() for row in _options(greek, rows.take(rows.rule == rule))
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


@dataclass(frozen=True, slots=True)
class _Rows:
    """Columns of the table, or of some of its rows."""

    ts: Times
    round: Times
    rule: Names
    subject: Names
    value: Floats
    limit: Floats

    @classmethod
    def of(cls, table: pd.DataFrame) -> Self:
        return cls(
            table["ts"].astype("datetime64[ns, UTC]").astype("int64").to_numpy(),
            table["round"].to_numpy(dtype=np.int64),
            table["rule"].to_numpy(dtype=np.str_),
            table["subject"].to_numpy(dtype=np.str_),
            table["value"].to_numpy(dtype=np.float64),
            table["limit"].to_numpy(dtype=np.float64),
        )

    def take(self, mask: Bools) -> Self:
        return type(self)(*(getattr(self, one.name)[mask] for one in fields(self)))


def _peak(rows: _Rows, warn_share: float, breaches: int) -> Peak:
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


def _judged(firm: Firm, rows: _Rows, rounds: Times, returns: Floats) -> Backtest | None:
    """Hold the returns of rounds against the figure of the round before; rounds that held nothing do not count."""
    measured = stated(firm.risk.value_at_risk)
    if measured is None or measured.horizon_rounds != 1:
        return None
    figure = dict(zip(rows.round.tolist(), rows.value.tolist(), strict=True))
    before = np.array([figure.get(one, nan) for one in rounds[:-1].tolist()], dtype=np.float64)
    hits = exceptions(returns, np.where(before > 0, before, nan))
    return backtest(hits, measured.confidence) if len(hits) else None


def _share(rows: _Rows) -> TailShare | None:
    """Find the round whose value at risk was largest, and whose it was."""
    parts, adjusted = rows.take(rows.rule == COMPONENT), rows.take(rows.rule == LIQUIDITY_ADJUSTED)
    if not len(parts.round):
        return None
    told, which = np.unique(parts.round, return_inverse=True)
    most = told[int(np.argmax(np.bincount(which, weights=parts.value)))]
    then = parts.take(parts.round == most)
    return TailShare(
        ts=int(then.ts[0]),
        parts=tuple(
            sorted(zip(then.subject.tolist(), then.value.tolist(), strict=True), key=lambda row: (-row[1], row[0]))
        ),
        liquidity_adjusted=float(adjusted.value[adjusted.round == most][0]),
    )


def _options(greek: str, rows: _Rows) -> tuple[OptionRow, ...]:
    """Find the end and the peak of one Greek of each contract, and of all of them together."""
    names = tuple(dict.fromkeys(rows.subject.tolist()))
    if not names:
        return ()
    values, ts = rows.value.reshape(-1, len(names)).T, rows.ts[:: len(names)]  # every round tells all of them
    columns = {**dict(zip(names, values, strict=True)), "": values.sum(axis=0)}
    found: list[OptionRow] = []
    for name, column in columns.items():
        most = int(np.argmax(np.where(np.isnan(column), -1.0, np.abs(column))))
        found.append(
            OptionRow(contract=name, greek=greek, last=float(column[-1]), peak=float(column[most]), ts=int(ts[most]))
        )
    return tuple(found)


def _stress(rows: _Rows) -> tuple[StressRow, ...]:
    found: list[StressRow] = []
    for name in dict.fromkeys(rows.subject.tolist()):
        own = rows.take(rows.subject == name)
        most = int(np.argmax(np.where(np.isnan(own.value), -np.inf, own.value)))
        found.append(
            StressRow(scenario=name, last=float(own.value[-1]), worst=float(own.value[most]), ts=int(own.ts[most]))
        )
    return tuple(sorted(found, key=lambda row: (-row.worst if isfinite(row.worst) else 0.0, row.scenario)))
