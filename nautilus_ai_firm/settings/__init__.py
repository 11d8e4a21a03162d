"""What a firm is configured with: the shape of `configs/*.toml`, and how a file becomes it or is refused."""

from nautilus_ai_firm.settings.decoding import ConfigError, Loaded, decode, encode, load, params_of
from nautilus_ai_firm.settings.shape import OPENING_TICK_QUANTITY, Costs, Execution, Firm, Market, SignalAgent, Venue

__all__ = [
    "OPENING_TICK_QUANTITY",
    "ConfigError",
    "Costs",
    "Execution",
    "Firm",
    "Loaded",
    "Market",
    "SignalAgent",
    "Venue",
    "decode",
    "encode",
    "load",
    "params_of",
]
