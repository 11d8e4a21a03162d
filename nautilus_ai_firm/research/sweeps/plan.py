"""A sweep's file and a catalog -> what its trials are made of, checked before anything runs."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from importlib.metadata import version
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from nautilus_ai_firm.data.decoded_catalog import DecodedCatalog
from nautilus_ai_firm.data.utc_days import day_of
from nautilus_ai_firm.gateways.kill_switch import FileKillSwitch
from nautilus_ai_firm.hosts.study import Study, prepare
from nautilus_ai_firm.research.sweeps.proposals import Parameters, proposals
from nautilus_ai_firm.research.sweeps.trial import Trial
from nautilus_ai_firm.runs.folder import versions
from nautilus_ai_firm.settings import ConfigError, Loaded, encode
from nautilus_ai_firm.settings.paths import with_values
from nautilus_ai_firm.settings.sweep import LoadedSweep, load_sweep


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class SweepPlan:
    """A sweep that can run.

    Attributes
    ----------
    loaded : LoadedSweep
        The sweep and the firm that it begins with.
    catalog : Path
        Folder of the market data.
    catalog_sha256 : str
        What it holds.
    config : str
        The base settings, TOML.
    rounds_ns : ndarray of shape (n_rounds,)
        Closes of the rounds of the whole window, nanoseconds UTC.
    start, end : date
        Days (UTC) of the first and the last of them.

    """

    loaded: LoadedSweep
    catalog: Path
    catalog_sha256: str
    config: str
    rounds_ns: NDArray[np.int64]
    start: date
    end: date

    def trial(self, number: int, parameters: Parameters, start: date | None = None, end: date | None = None) -> Trial:
        """Make a trial over the whole window, or a part of it."""
        return Trial(
            number=number,
            parameters=dict(parameters),
            config=self.config,
            source=self.loaded.base.source,
            catalog=str(self.catalog),
            catalog_sha256=self.catalog_sha256,
            start=start or self.start,
            end=end or self.end,
        )

    def identity(self, kind: str) -> dict[str, Any]:
        """Return what outcomes depend on: those of another one are not to be mixed with these."""
        return {
            "kind": kind,
            "settings": self.loaded.sha256,
            "market data": self.catalog_sha256,
            "versions": versions() | ({"optuna": version("optuna")} if self.loaded.sweep.sampler == "tpe" else {}),
        }


def plan_sweep(path: Path, catalog: Path) -> SweepPlan:
    """Read a sweep, and check it against the catalog.

    Raises
    ------
    ConfigError
        The sweep or its firm cannot be used, no first trial can or could trade, or the firm's kill switch is latched.
    CatalogError
        The catalog cannot give what the firm trades or watches, or nothing in the window.

    """
    loaded = load_sweep(path)
    switch = loaded.base.kill_switch_path
    if FileKillSwitch(switch).state().latched:
        raise ConfigError(f"{switch}: the kill switch is latched, so no trial would trade (open it with: firm resume)")
    opened = DecodedCatalog(catalog)
    study = Study(loaded=loaded.base, catalog=catalog, start=loaded.sweep.start, end=loaded.sweep.end)
    stage = prepare(study, opened)
    _refuse_hopeless(loaded)
    return SweepPlan(
        loaded=loaded,
        catalog=catalog,
        catalog_sha256=opened.sha256(),
        config=encode(loaded.base.firm).decode(),
        rounds_ns=stage.rounds_ns,
        start=day_of(int(stage.rounds_ns[0])),
        end=day_of(int(stage.rounds_ns[-1])),
    )


def _refuse_hopeless(loaded: LoadedSweep) -> None:
    """Refuse a space in which no trial that is asked for first has settings that can be used, and every limit."""
    error: ConfigError | None = None
    for parameters in proposals(loaded.sweep).ask():
        try:
            tried = with_values(loaded.base, parameters, f"{loaded.source}: space: {_said(parameters)}")
            _refuse_idle(tried)
        except ConfigError as refused:
            error = error or refused
        else:
            return
    if error is not None:
        raise error


def _refuse_idle(tried: Loaded) -> None:
    if missing := tried.firm.risk.missing:
        absent = ", ".join(missing)
        raise ConfigError(f"{tried.source}: risk lacks {absent}, so no trial would trade (see docs/risk.md)")


def _said(parameters: Mapping[str, Any]) -> str:
    return ", ".join(f"{path} = {value!r}" for path, value in parameters.items())
