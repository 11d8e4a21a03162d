"""Who speaks in every message of the execution stage."""

from typing import Literal

EXECUTION_AGENT = "ExecutionAgent"

type Agent = Literal["ExecutionAgent"]
