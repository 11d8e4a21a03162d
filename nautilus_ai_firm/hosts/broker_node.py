"""An endpoint and what is traded there -> the engine's live node with the broker's adapter."""

from collections.abc import Iterable
from dataclasses import asdict

from nautilus_trader.adapters.interactive_brokers import (
    InteractiveBrokersDataClientConfig,
    InteractiveBrokersDataClientFactory,
    InteractiveBrokersExecutionClientConfig,
    InteractiveBrokersExecutionClientFactory,
    InteractiveBrokersInstrumentProviderConfig,
    MarketDataType,
    SymbologyMethod,
)
from nautilus_trader.common import Environment, LoggerConfig, LogLevel
from nautilus_trader.live import (
    LiveExecutionEngineConfig,
    LiveNodeBuilder,
    LiveNodeConfig,
    LiveRiskEngineConfig,
    RoutingConfig,
)
from nautilus_trader.model import ClientId, InstrumentId, TraderId

from nautilus_ai_firm.gateways.ib_endpoint import Endpoint
from nautilus_ai_firm.hosts.engine_limits import EngineLimits
from nautilus_ai_firm.hosts.engine_log import EngineLog
from nautilus_ai_firm.settings import InteractiveBrokers

BROKER = ClientId("IB")
CHECK_SECONDS, CHECK_AFTER_MS = 2.0, 1_000
CONNECTION_SECONDS = 20


def broker_node(
    name: str,
    endpoint: Endpoint,
    settings: InteractiveBrokers,
    ids: Iterable[InstrumentId],
    log: EngineLog,
    limits: EngineLimits,
) -> LiveNodeBuilder:
    """Configure a node for the broker.

    Orders are checked among the open ones alone, and positions beside them: of an order that is gone from the list the
    engine would make up a fill at its limit, where the positions bring the true one with its commission.
    """
    config = LiveNodeConfig(
        environment=Environment.LIVE,
        trader_id=TraderId("FIRM-001"),
        delay_post_stop_secs=0.5,
        timeout_connection_secs=CONNECTION_SECONDS,
        logging=LoggerConfig(
            stdout_level=LogLevel.OFF,
            fileout_level=LogLevel.INFO,
            is_colored=False,
            file_config=log.writer,
            print_config=False,
        ),
        risk_engine=LiveRiskEngineConfig(**asdict(limits)),
        exec_engine=LiveExecutionEngineConfig(
            reconciliation=True,
            reconciliation_startup_delay_secs=1.0,
            open_check_interval_secs=CHECK_SECONDS,
            open_check_open_only=True,
            open_check_threshold_ms=CHECK_AFTER_MS,
            position_check_interval_secs=CHECK_SECONDS,
            position_check_threshold_ms=CHECK_AFTER_MS,
        ),
    )
    wanted = set(ids)
    provider = InteractiveBrokersInstrumentProviderConfig(symbology_method=SymbologyMethod.SIMPLIFIED, load_ids=wanted)
    routing = RoutingConfig(venues=sorted({str(one.venue) for one in wanted}))
    data = InteractiveBrokersDataClientConfig(
        host=endpoint.host,
        port=endpoint.port,
        client_id=endpoint.client_id,
        use_regular_trading_hours=True,
        market_data_type=MarketDataType.REALTIME if settings.market_data == "live" else MarketDataType.DELAYED,
        instrument_provider=provider,
    )
    execution = InteractiveBrokersExecutionClientConfig(
        host=endpoint.host,
        port=endpoint.port,
        client_id=endpoint.client_id,
        account_id=endpoint.account,
        fetch_all_open_orders=True,
        instrument_provider=provider,
    )
    builder = LiveNodeBuilder.from_config(name, config)
    builder = builder.add_data_client(None, InteractiveBrokersDataClientFactory(), data, routing)
    return builder.add_exec_client(None, InteractiveBrokersExecutionClientFactory(), execution, routing)
