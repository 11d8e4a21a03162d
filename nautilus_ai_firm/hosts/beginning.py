"""A stage -> what its journal begins with."""

from pathlib import Path

from nautilus_ai_firm.hosts.study import Stage
from nautilus_ai_firm.hosts.universe import bar_names
from nautilus_ai_firm.runs.folder import versions
from nautilus_ai_firm.runs.session_facts import Host, Start
from nautilus_ai_firm.settings import encode


def start_of(stage: Stage, run_id: str, host: Host, speed: float | None = None) -> Start:
    """State everything that it takes to run a stage again.

    Parameters
    ----------
    stage : Stage
        What runs.
    run_id : str
        Name of the run.
    host : Host
        Where it runs.
    speed : float, optional
        Market seconds in a second; as fast as it goes when absent.

    """
    loaded, catalog, route = stage.study.loaded, stage.catalog, stage.universe.route
    series = dict.fromkeys([*bar_names(stage.firm), *map(str, stage.universe.input_bar_types.values())])
    rounds = {
        data.ts_event for data in stage.feed.history if getattr(data, "bar_type", None) in stage.universe.bar_types
    }
    return Start(
        run_id=run_id,
        host=host,
        config=encode(loaded.firm).decode(),
        config_sha256=loaded.sha256,
        config_source=str(Path(loaded.source).absolute()),
        catalog=str(stage.study.catalog.absolute()),
        catalog_sha256=catalog.sha256(),
        series={name: catalog.record(name).sha256 for name in catalog.names()},
        instruments=tuple(instrument.to_dict() for instrument in catalog.instruments(series)),
        initial_inputs=stage.feed.initial_inputs,
        grace_ns=stage.feed.grace_ns,
        first_round_ns=int(stage.rounds_ns[0]),
        versions=versions(),
        speed=speed,
        warm_up_rounds=len(rounds),
        caveats=stage.caveats,
        order_tag="" if route is None else route.order_tag,
        auctions=route is not None and route.auctions,
        contracts=tuple(contract.to_dict() for contract in catalog.instruments(stage.watching.contracts)),
        spots=stage.watching.spots,
        carried=stage.carried,
    )
