"""A trial -> its outcome: a fresh engine each time, on market data that this process has read once."""

import gc
import time
import tomllib
from functools import lru_cache
from pathlib import Path

from nautilus_ai_firm.data.decoded_catalog import DecodedCatalog
from nautilus_ai_firm.data.errors import CatalogError
from nautilus_ai_firm.hosts.study import Study, prepare
from nautilus_ai_firm.hosts.trial import TrialRun, run_trial
from nautilus_ai_firm.research.sweeps.trial import Outcome, Trial
from nautilus_ai_firm.settings import Loaded, decode
from nautilus_ai_firm.settings.paths import with_values


def work(trial: Trial) -> Outcome:
    """Run a trial; whatever it raises is its outcome, and the sweep goes on.

    Components of the engine must be dropped by the thread that made them, so garbage is collected here, between two
    trials, and nowhere else meanwhile. What is left after a trial is market data and stays: it is not looked at again.

    Raises
    ------
    CatalogError
        The catalog is not the one that the sweep began with: no outcome would be comparable.

    """
    started = time.perf_counter()
    collected = gc.isenabled()
    gc.disable()
    try:
        catalog = _opened(trial.catalog, trial.catalog_sha256)
        return _outcome(trial, catalog, started)
    finally:
        gc.collect()
        gc.freeze()
        if collected:
            gc.enable()


def settings_of(trial: Trial) -> Loaded:
    """Put the values that are tried into the base settings.

    Raises
    ------
    ConfigError
        The settings with these values cannot be used.

    """
    return with_values(_base(trial.config, trial.source), trial.parameters, "settings")


def _outcome(trial: Trial, catalog: DecodedCatalog, started: float) -> Outcome:
    try:
        loaded = settings_of(trial)
        study = Study(
            loaded=Loaded(firm=loaded.firm, source=trial.source, sha256=loaded.sha256),
            catalog=Path(trial.catalog),
            start=trial.start,
            end=trial.end,
        )
        run = run_trial(prepare(study, catalog))
    except Exception as error:  # noqa: BLE001 - whatever it is: the sweep goes on, and the table says what it was
        seconds = time.perf_counter() - started
        return Outcome(number=trial.number, error=_one_line(error), seconds=seconds)
    return _of_run(trial, loaded.sha256, run, time.perf_counter() - started)


def _of_run(trial: Trial, config_sha256: str, run: TrialRun, seconds: float) -> Outcome:
    return Outcome(
        number=trial.number,
        config_sha256=config_sha256,
        result_sha256=run.result_sha256,
        figures=run.figures,
        days=run.ends_ns.astype("<i8").tobytes(),
        returns=run.returns.astype("<f8").tobytes(),
        gross_at_end=run.gross_at_end,
        seconds=seconds,
        engine_seconds=run.engine_seconds,
    )


def _one_line(error: Exception) -> str:
    text = " ".join(str(error).split())
    return f"{type(error).__name__}: {text}" if text else type(error).__name__


@lru_cache(maxsize=4)
def _base(config: str, source: str) -> Loaded:
    return decode(tomllib.loads(config), source)


@lru_cache(maxsize=1)
def _opened(path: str, sha256: str) -> DecodedCatalog:
    catalog = DecodedCatalog(path)
    if catalog.sha256() != sha256:
        raise CatalogError(f"{path}: changed while the sweep ran (it began with sha256 {sha256})")
    return catalog
