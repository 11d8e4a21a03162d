"""A folder of stress scenarios -> the scenarios, checked one file at a time, and in the configuration that names it."""

import tomllib
from collections.abc import Mapping
from pathlib import Path
from typing import Any, cast

import msgspec

from nautilus_ai_firm.settings.explanation import ConfigError, explain
from nautilus_ai_firm.settings.stress import StressScenario


def load_scenarios(folder: Path) -> tuple[StressScenario, ...]:
    """Read the scenarios of a folder, in the order of their file names.

    Raises
    ------
    ConfigError
        No such folder or none in it; a file that is not TOML, has an unknown key, a value out of range, or a history
        without its source; a name that is not its file's. The message names file, path, value and what is allowed.

    """
    files = sorted(folder.glob("*.toml"))
    if not files:
        raise ConfigError(f"{folder}: {'no scenario (*.toml) in it' if folder.is_dir() else 'no such folder'}")
    return tuple(_checked(path, _read(path)) for path in files)


def with_scenarios(raw: Mapping[str, Any], path: Path) -> Mapping[str, Any]:
    """Put the scenarios of the folder `risk.stress.folder` in its place, so that a configuration says all by itself.

    Parameters
    ----------
    raw : mapping
        A configuration as read; one that names no such folder is returned as it is.
    path : Path
        Its file; a relative folder starts at the file's own.

    Raises
    ------
    ConfigError
        As `load_scenarios`, or a folder that is no text or stands beside scenarios.

    """
    risk = raw.get("risk")
    stress = cast("dict[str, Any]", risk).get("stress") if isinstance(risk, dict) else None
    if not isinstance(stress, dict) or "folder" not in stress:
        return raw
    table = cast("dict[str, Any]", stress)
    folder = table["folder"]
    if not isinstance(folder, str) or "scenarios" in table:
        raise ConfigError(f"{path}: risk.stress.folder = {folder!r}: allowed is a name, and no scenarios beside it")
    scenarios = [msgspec.to_builtins(one) for one in load_scenarios(path.parent / folder)]
    inner = {key: value for key, value in table.items() if key != "folder"} | {"scenarios": scenarios}
    return {**raw, "risk": {**cast("dict[str, Any]", risk), "stress": inner}}


def _read(path: Path) -> dict[str, Any]:
    try:
        return tomllib.loads(path.read_text(encoding="utf-8"))
    except (tomllib.TOMLDecodeError, UnicodeDecodeError, OSError) as error:
        raise ConfigError(f"{path}: not readable as TOML: {error}") from error


def _checked(path: Path, raw: dict[str, Any]) -> StressScenario:
    try:
        scenario = msgspec.convert(raw, StressScenario, strict=True)
    except msgspec.ValidationError as error:
        raise ConfigError(f"{path}: {explain(str(error), raw, StressScenario)}") from None
    if scenario.name != path.stem:
        raise ConfigError(f"{path}: name = {scenario.name!r}: allowed is the name of its file, {path.stem!r}")
    return scenario
