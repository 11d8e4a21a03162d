"""From a configuration file to settings, or to one clear refusal."""

import hashlib
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from importlib import import_module
from pathlib import Path
from pkgutil import iter_modules
from types import ModuleType
from typing import Any, cast

import msgspec
import tomli_w
from exchange_calendars import get_calendar_names  # pyright: ignore[reportMissingTypeStubs] - it ships none

from nautilus_ai_firm.messages import Watched
from nautilus_ai_firm.models import signals as signal_models
from nautilus_ai_firm.settings.event_series import event_kinds
from nautilus_ai_firm.settings.explanation import ConfigError, explain
from nautilus_ai_firm.settings.shape import Firm, SignalAgent
from nautilus_ai_firm.settings.stress_files import with_scenarios
from nautilus_ai_firm.settings.suggestion import suggest


@dataclass(frozen=True, slots=True)
class Loaded:
    """Settings, where they came from, and the SHA-256 of what they say."""

    firm: Firm
    source: str
    sha256: str

    @property
    def kill_switch_path(self) -> Path:
        """The kill switch file; a relative path starts at the configuration's folder, wherever the firm is run from."""
        return Path(self.source).parent / self.firm.risk.kill_switch_file


def load(path: Path) -> Loaded:
    """Read and check a configuration file.

    Raises
    ------
    ConfigError
        File missing, not TOML, an unknown key, a value of the wrong type or out of range, or values that
        contradict each other. The message names file, path, value and what is allowed.

    """
    return decode(with_scenarios(read_toml(path), path), str(path))


def read_toml(path: Path) -> dict[str, Any]:
    """Read a TOML file as it stands.

    Raises
    ------
    ConfigError
        File missing, or not TOML.

    """
    try:
        return tomllib.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        raise ConfigError(f"{path}: no such file") from None
    except (tomllib.TOMLDecodeError, UnicodeDecodeError, OSError) as error:
        raise ConfigError(f"{path}: not readable as TOML: {error}") from error


def decode(raw: Mapping[str, Any], source: str) -> Loaded:
    """Check a configuration that is already a mapping; `source` names it in errors.

    Raises
    ------
    ConfigError
        As `load`.

    """
    try:
        firm = msgspec.convert(raw, Firm, strict=True)
    except msgspec.ValidationError as error:
        raise ConfigError(f"{source}: {explain(str(error), raw, Firm)}") from None
    if firm.market.calendar not in get_calendar_names():
        raise ConfigError(f"{source}: market.calendar = {firm.market.calendar!r}: no such exchange calendar")
    for place, agent in enumerate(firm.signals.agents):
        _check_agent(agent, firm, f"{source}: signals.agents[{place}]")
    return Loaded(firm=firm, source=source, sha256=hashlib.sha256(encode(firm)).hexdigest())


def encode(firm: Firm) -> bytes:
    """Write settings as TOML that `load` reads back as equal settings; absent limits stay absent."""
    builtins = msgspec.to_builtins(firm, builtin_types=(date,))
    return tomli_w.dumps(without_none(builtins)).encode()


def params_of(agent: SignalAgent) -> Any:
    """Decode an agent's parameters into its model's own `Params`.

    Raises
    ------
    msgspec.ValidationError
        An unknown parameter, or one out of the range that the model states.

    """
    return msgspec.convert(agent.params, model_module(agent.model).Params, strict=True)


def model_module(name: str) -> ModuleType:
    """Find a signal model by its file name in `models/signals/`.

    Raises
    ------
    ConfigError
        No such file; the message lists those that exist.

    """
    names = sorted(module.name for module in iter_modules(signal_models.__path__))
    if name not in names:
        raise ConfigError(f"no signal model {name!r}{suggest(name, names)}; models are {', '.join(names)}")
    return import_module(f"{signal_models.__name__}.{name}")


def watched_by(firm: Firm) -> Watched:
    """Return what a firm looks at, by name."""
    market = firm.market
    return Watched(
        instruments=firm.instrument_ids,
        inputs=market.inputs,
        events=event_kinds(market.event_series),
        chains=tuple(chain.underlying for chain in market.chains),
        quotes=market.quotes,
    )


def _check_agent(agent: SignalAgent, firm: Firm, where: str) -> None:
    try:
        module = model_module(agent.model)
    except ConfigError as error:
        raise ConfigError(f"{where}.model: {error}") from None
    try:
        module.Model(params_of(agent), watched_by(firm))
    except msgspec.ValidationError as error:
        raise ConfigError(f"{where}.params: {explain(str(error), agent.params, module.Params)}") from None
    except ValueError as error:
        raise ConfigError(f"{where}.params: {error}") from None


def without_none(value: Any) -> Any:
    """Leave out what is absent: TOML has no word for it."""
    if isinstance(value, dict):
        pairs = cast("dict[str, Any]", value)
        return {key: without_none(item) for key, item in pairs.items() if item is not None}
    if isinstance(value, list | tuple):
        return [without_none(item) for item in cast("list[Any]", value)]
    return value
