"""What a firm is configured with: the shape of `configs/*.toml`, and how a file becomes it or is refused."""

from nautilus_ai_firm.settings.algorithm import Algorithm, LimitChildren, Opening
from nautilus_ai_firm.settings.bar_length import bar_length_ns
from nautilus_ai_firm.settings.decoding import (
    Loaded,
    decode,
    encode,
    load,
    model_module,
    params_of,
    watched_by,
)
from nautilus_ai_firm.settings.event_series import EventSeries, event_kinds
from nautilus_ai_firm.settings.execution import Execution, Gate
from nautilus_ai_firm.settings.explanation import ConfigError
from nautilus_ai_firm.settings.impact import Impact
from nautilus_ai_firm.settings.live import InteractiveBrokers, Live, Sandbox
from nautilus_ai_firm.settings.market import Chain, Market
from nautilus_ai_firm.settings.pyramid import Pyramid
from nautilus_ai_firm.settings.risk import Risk, stated
from nautilus_ai_firm.settings.shape import Cio, Compliance, Costs, Firm, SignalAgent, Venue
from nautilus_ai_firm.settings.stops import Stops
from nautilus_ai_firm.settings.suggestion import suggest

__all__ = [
    "Algorithm",
    "Chain",
    "Cio",
    "Compliance",
    "ConfigError",
    "Costs",
    "EventSeries",
    "Execution",
    "Firm",
    "Gate",
    "Impact",
    "InteractiveBrokers",
    "LimitChildren",
    "Live",
    "Loaded",
    "Market",
    "Opening",
    "Pyramid",
    "Risk",
    "Sandbox",
    "SignalAgent",
    "Stops",
    "Venue",
    "bar_length_ns",
    "decode",
    "encode",
    "event_kinds",
    "load",
    "model_module",
    "params_of",
    "stated",
    "suggest",
    "watched_by",
]
