"""Names in a configuration: what they look like, and which are refused beside others."""

from typing import Annotated

from msgspec import Meta

from nautilus_ai_firm.settings.suggestion import suggest

type Name = Annotated[str, Meta(pattern=r"^[a-z][a-z0-9_]*$")]
type EventName = Annotated[str, Meta(pattern=r"^[A-Za-z0-9_][A-Za-z0-9_-]{0,63}$")]
type InstrumentName = Annotated[str, Meta(pattern=r"^[A-Z0-9][A-Z0-9./_^=-]*\.[A-Z][A-Z0-9]*$")]


def refuse_repeats(what: str, names: list[str]) -> None:
    """Refuse a name that stands in a list twice.

    Raises
    ------
    ValueError
        Naming the list and the name.

    """
    repeated = sorted({name for name in names if names.count(name) > 1})
    if repeated:
        raise ValueError(f"{what} names {', '.join(repeated)} more than once")


def refuse_unknown(what: str, name: str, where: str, allowed: tuple[str, ...]) -> None:
    """Refuse a name that a list of the market does not have.

    Raises
    ------
    ValueError
        Naming key, value and what is allowed.

    """
    if name not in allowed:
        known = ", ".join(allowed) or "none"
        raise ValueError(f"{what} = {name!r} is not in market.{where}{suggest(name, allowed)}; there are {known}")
