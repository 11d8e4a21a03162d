"""The shape of `configs/sweep/*.toml`: which values of a firm's configuration are tried, over which time, and how."""

import hashlib
import math
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Annotated, Any, Literal, cast

import msgspec
from msgspec import Meta, Struct

from nautilus_ai_firm.settings.decoding import Loaded, load, read_toml
from nautilus_ai_firm.settings.explanation import ConfigError, explain
from nautilus_ai_firm.settings.names import Name
from nautilus_ai_firm.settings.paths import value_at, with_values
from nautilus_ai_firm.settings.quantities import Count

MOST_GRID_TRIALS = 100_000
DIMENSION_KEYS = {"values", "low", "high", "step", "log"}

type Objective = Literal["sharpe", "sortino", "cagr", "total_return"]
"""A figure of a run's summary of which more is better."""


class Dimension(Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """The values that one key may take: those named, or a range."""

    values: Annotated[tuple[Any, ...], Meta(min_length=1)] | None = None
    low: float | None = None
    high: float | None = None
    step: Annotated[float, Meta(gt=0)] | None = None
    log: bool = False  # whether a range is tried evenly in its logarithm

    def __post_init__(self) -> None:
        """Refuse what is neither a choice nor a range."""
        if self.values is not None:
            if self.low is not None or self.high is not None or self.step is not None or self.log:
                raise ValueError("values stand alone; low, high, step and log are for a range")
            if len({repr(value) for value in self.values}) < len(self.values):
                raise ValueError("values names one value more than once")
            return
        if self.low is None or self.high is None:
            raise ValueError("needs values = [...], or low and high")
        if not (math.isfinite(self.low) and math.isfinite(self.high) and self.low < self.high):
            raise ValueError(f"low {self.low:g} must lie below high {self.high:g}")
        if self.log and (self.low <= 0 or self.step is not None):
            raise ValueError("log needs a low above 0, and no step")

    @property
    def steps(self) -> tuple[Any, ...] | None:
        """All values, where they can be counted."""
        if self.values is not None:
            return self.values
        if self.step is None or self.low is None or self.high is None:
            return None
        count = math.floor((self.high - self.low) / self.step + 1e-9) + 1
        exact = [self.low + place * self.step for place in range(count)]
        return tuple(int(value) if self.is_whole else round(value, 12) for value in exact)

    @property
    def is_whole(self) -> bool:
        """Whether a range is one of whole numbers: low, high and step all are."""
        ends = (self.low, self.high, 1.0 if self.step is None else self.step)
        return self.step is not None and all(end is not None and float(end).is_integer() for end in ends)


class WalkForward(Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """Windows in trading days: choose on one, wait, test on the next."""

    train_days: Annotated[int, Meta(ge=20)]
    test_days: Annotated[int, Meta(ge=5)]
    purge_days: Annotated[int, Meta(ge=0)] = 0  # not trained on: outcomes of decisions there reach beyond the training
    embargo_days: Annotated[int, Meta(ge=0)] = 0  # between the choice and its test
    anchored: bool = False  # whether every training begins at the first day; else it rolls


class Sweep(Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """A sweep over a firm's configuration."""

    name: Name
    config: str  # the firm; relative to this file's folder
    start: date | None = None  # the configuration's when absent
    end: date | None = None
    sampler: Literal["grid", "random", "tpe"]
    trials: Count | None = None  # of random and tpe; a grid has as many as it has
    batch: Count = 8  # of tpe: asked for together, whatever the number of workers
    seed: Annotated[int, Meta(ge=0, le=2**32 - 1)]
    objective: Objective
    fixed: dict[str, Any] = {}  # other values of the configuration, by path
    space: Annotated[dict[str, Dimension], Meta(min_length=1)]  # by path
    walk_forward: WalkForward | None = None

    def __post_init__(self) -> None:
        """Refuse what one key alone cannot show."""
        both = sorted(set(self.fixed) & set(self.space))
        if both:
            raise ValueError(f"{both[0]} is both fixed and in the space")
        if self.sampler != "grid":
            if self.trials is None:
                raise ValueError(f"trials is missing: {self.sampler} needs a number of them")
            return
        if self.trials is not None:
            raise ValueError("trials is given, but a grid has as many as it has (allowed with random and tpe)")
        size = 1
        for path, dimension in self.space.items():
            if dimension.steps is None:
                raise ValueError(f"space {path}: a grid needs values, or low, high and step")
            size *= len(dimension.steps)
        if size > MOST_GRID_TRIALS:
            raise ValueError(f"the grid has {size:,} trials (allowed: up to {MOST_GRID_TRIALS:,}; try random or tpe)")


@dataclass(frozen=True, slots=True, kw_only=True)
class LoadedSweep:
    """A sweep, the firm that it begins with, where it came from, and the SHA-256 of what both say."""

    sweep: Sweep
    base: Loaded
    source: str
    sha256: str


def load_sweep(path: Path) -> LoadedSweep:
    """Read and check a sweep and the firm that it names.

    Raises
    ------
    ConfigError
        As `load`; or a path of `fixed` or `space` leads nowhere in the firm's configuration.

    """
    raw = read_toml(path)
    flat = raw | {
        "fixed": _flat(raw.get("fixed", {}), set()),
        "space": _flat(raw.get("space", {}), DIMENSION_KEYS),
    }
    _check_dimensions(flat["space"], path)
    try:
        sweep = msgspec.convert(flat, Sweep, strict=True)
    except msgspec.ValidationError as error:
        raise ConfigError(f"{path}: {explain(str(error), flat, Sweep)}") from None
    firm = load(path.parent / sweep.config)
    for table, paths in (("fixed", sweep.fixed), ("space", sweep.space)):
        for one in paths:
            try:
                value_at(firm.firm, one)
            except ConfigError as error:
                raise ConfigError(f"{path}: {table}: {error} (in {firm.source})") from None
    base = with_values(firm, sweep.fixed, f"{path}: fixed")
    base = Loaded(firm=base.firm, source=firm.source, sha256=base.sha256)
    said = msgspec.json.encode([msgspec.to_builtins(sweep, builtin_types=(date,)), base.sha256], order="sorted")
    return LoadedSweep(sweep=sweep, base=base, source=str(path), sha256=hashlib.sha256(said).hexdigest())


def _check_dimensions(space: Any, path: Path) -> None:
    """Refuse a dimension by its path: the decoder does not name keys of a table that may have any."""
    if not isinstance(space, Mapping):
        return
    for name, table in cast("Mapping[str, Any]", space).items():
        try:
            msgspec.convert(table, Dimension, strict=True)
        except msgspec.ValidationError as error:
            raise ConfigError(f"{path}: space: {name}: {explain(str(error), table, Dimension)}") from None


def _flat(table: Any, leaf_keys: set[str], before: str = "") -> Any:
    """Turn tables inside tables into one by dotted path: both ways of writing a path in TOML are one.

    A table with one of `leaf_keys` is a value.
    """
    if not isinstance(table, Mapping):
        return table
    flat: dict[str, Any] = {}
    for key, value in cast("Mapping[str, Any]", table).items():
        if isinstance(value, Mapping) and value and not leaf_keys & set(cast("Mapping[str, Any]", value)):
            flat |= _flat(value, leaf_keys, f"{before}{key}.")
        else:
            flat[f"{before}{key}"] = value
    return flat
