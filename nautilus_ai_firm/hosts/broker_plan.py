"""What a person asks of a session at a broker: settings, catalog, environment, and what the broker calls everything."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path

from nautilus_trader.model import InstrumentId

from nautilus_ai_firm.gateways.ib_endpoint import Endpoint, read_endpoint
from nautilus_ai_firm.settings import ConfigError, InteractiveBrokers, Loaded


@dataclass(frozen=True, slots=True, kw_only=True)
class BrokerPlan:
    """What session to run at a broker.

    Attributes
    ----------
    loaded : Loaded
        Settings; they have a table `[live.ib]`.
    catalog : Path
        Catalog folder, for what the models warm up on.
    environment : mapping
        Environment of the process: where the gateway is, and which account.
    real_money : bool
        Whether orders are for real money.
    minutes : float, optional
        Minutes on the wall after which the session ends; when it is told to if absent.
    out : Path, optional
        The run's folder; the next free number under `runs/`.
    say : callable
        Prints a line for the person at the console.

    """

    loaded: Loaded
    catalog: Path
    environment: Mapping[str, str]
    real_money: bool
    say: Callable[[str], None]
    minutes: float | None = None
    out: Path | None = None

    @property
    def settings(self) -> InteractiveBrokers:
        """How the broker is dealt with.

        Raises
        ------
        ConfigError
            The configuration does not say.

        """
        settings = self.loaded.firm.live.ib
        if settings is None:
            raise ConfigError(
                f"{self.loaded.source}: there is no table live.ib (needed: it names what is traded there)"
            )
        return settings

    @property
    def endpoint(self) -> Endpoint:
        """Where orders go.

        Raises
        ------
        GatewayError
            As `read_endpoint`.

        """
        return read_endpoint(self.settings, self.environment, real_money=self.real_money)


def contracts_of(plan: BrokerPlan) -> dict[str, InstrumentId]:
    """Find what the broker calls every instrument that the firm trades or watches.

    Raises
    ------
    ConfigError
        `live.ib.contracts` misses one, or names one that the firm does not know.

    """
    firm, source = plan.loaded.firm, plan.loaded.source
    wanted = [*firm.instrument_ids, *(name for name in firm.market.inputs if "." in name)]
    contracts = plan.settings.contracts
    if firm.market.chains:
        raise ConfigError(f"{source}: market.chains (allowed at the broker: none, option chains are not read there)")
    missing = [name for name in wanted if name not in contracts]
    if missing:
        raise ConfigError(
            f'{source}: live.ib.contracts has no {missing[0]} (needed: a line such as "{missing[0]}" = "AAPL.NASDAQ")'
        )
    unknown = [name for name in contracts if name not in wanted]
    if unknown:
        raise ConfigError(f"{source}: live.ib.contracts names {unknown[0]} (allowed: {', '.join(wanted)})")
    return {name: InstrumentId.from_str(contracts[name]) for name in wanted}
