"""Turns `firm catalog add ib` into a call of the host that asks the broker, and what it did into lines."""

import os
from pathlib import Path
from typing import Annotated

import typer

from nautilus_ai_firm.data.catalog import Catalog
from nautilus_ai_firm.data.catalog_commands import DEFAULT_CATALOG, CatalogPath
from nautilus_ai_firm.data.listing import report
from nautilus_ai_firm.hosts.broker_catalog import add_broker_bars
from nautilus_ai_firm.hosts.broker_plan import BrokerPlan
from nautilus_ai_firm.research.command_line import progress
from nautilus_ai_firm.settings import load

DEFAULT_CONFIG = Path("configs/ib.toml")
LONGEST_DAYS = 7_300


def ib(
    config: Annotated[Path, typer.Option("--config", help="The firm whose universe and inputs are wanted.")] = (
        DEFAULT_CONFIG
    ),
    catalog: CatalogPath = DEFAULT_CATALOG,
    days: Annotated[
        int | None,
        typer.Option(min=1, max=LONGEST_DAYS, help="Calendar days back; 1825 of days, 365 of hours, 30 of minutes."),
    ] = None,
) -> None:
    """Add the bars of a firm's universe and inputs from TWS or IB Gateway; a second run adds what is new."""
    loaded = load(config)
    settings = loaded.firm.live.ib
    plan = BrokerPlan(
        loaded=loaded,
        catalog=catalog,
        environment=os.environ,
        real_money=settings is not None and settings.mode == "live",
        say=typer.echo,
    )
    with progress("history", "requests") as on_progress:
        added = add_broker_bars(plan, days, on_progress)
    report(Catalog(catalog), added.written)
    for note in added.notes:
        typer.echo(note)
