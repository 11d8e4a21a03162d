"""What a risk review is made of: limits that need no estimate, and the models of those that do."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import partial

from nautilus_ai_firm.models.risk.bounds import Bounds
from nautilus_ai_firm.models.risk.equity_watch import EquityWatch
from nautilus_ai_firm.models.risk.greek_exposures import GreekExposures
from nautilus_ai_firm.models.risk.limit_kinds import Joint
from nautilus_ai_firm.models.risk.linkage import Linkage
from nautilus_ai_firm.models.risk.option_risk import OptionRisk
from nautilus_ai_firm.models.risk.stress import Stress
from nautilus_ai_firm.models.risk.tail_limits import TailLimits


@dataclass(frozen=True, slots=True, kw_only=True)
class StressBound:
    """Scenarios, and the largest loss in any of them, a fraction of equity."""

    stress: Stress
    max_loss: float

    def joint(self, options: GreekExposures | None) -> Joint:
        """Return the limit; options that are held beside the firm may break it alone, so then what heals it passes."""
        measure = self.stress.worst_loss if options is None else partial(self.stress.worst_loss, options=options)
        return Joint(rule="max_stress_loss", limit=self.max_loss, measure=measure, eases=options is not None)


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """What a review is made of.

    Attributes
    ----------
    instrument_ids : tuple of str
        The universe.
    sectors : tuple of str or None
        Sector of each instrument; None is alone in one of its own.
    bounds : Bounds
        Limits that need no estimate.
    missing : tuple of str
        Names of limits that are not configured, of whatever kind: while there is one nothing is added.
    agent_budgets : mapping of str to float
        Agents that have a budget of their own.
    warn_share : float
        Use of a limit from which there is a warning.
    volume_span : float
        Rounds over which volume is averaged.
    rounds_per_session : float
        How many rounds a session has.
    equity : EquityWatch
        What losses lead to.
    tail : TailLimits or None
        Value at risk and expected shortfall; None is switched off, or missing.
    stress : StressBound or None
        Losses in scenarios; None as above.
    linkage : Linkage or None
        Correlations and clusters; None as above.
    options : OptionRisk or None
        Options that are held beside the firm; None where there are none.

    """

    instrument_ids: tuple[str, ...]
    sectors: tuple[str | None, ...]
    bounds: Bounds
    missing: tuple[str, ...]
    equity: EquityWatch
    agent_budgets: Mapping[str, float] = field(default_factory=dict[str, float])
    warn_share: float
    volume_span: float
    rounds_per_session: float
    tail: TailLimits | None = None
    stress: StressBound | None = None
    linkage: Linkage | None = None
    options: OptionRisk | None = None
