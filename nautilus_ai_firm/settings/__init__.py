"""What a firm is configured with: the shape of `configs/*.toml`, and how a file becomes it or is refused."""

from nautilus_ai_firm.settings.decoding import (
    ConfigError,
    Loaded,
    decode,
    encode,
    load,
    model_module,
    params_of,
)
from nautilus_ai_firm.settings.shape import (
    Cio,
    Compliance,
    Costs,
    Execution,
    Firm,
    Gate,
    InteractiveBrokers,
    Live,
    Market,
    Risk,
    Sandbox,
    SignalAgent,
    Venue,
)

__all__ = [
    "Cio",
    "Compliance",
    "ConfigError",
    "Costs",
    "Execution",
    "Firm",
    "Gate",
    "InteractiveBrokers",
    "Live",
    "Loaded",
    "Market",
    "Risk",
    "Sandbox",
    "SignalAgent",
    "Venue",
    "decode",
    "encode",
    "load",
    "model_module",
    "params_of",
]
