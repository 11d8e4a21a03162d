"""What the risk desk remembers, on the disk beside the kill switch: one file for each firm at each account."""

import os
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Self

import msgspec

from nautilus_ai_firm.data.durable import make_folder, put_in_place
from nautilus_ai_firm.durations import SECOND_NS
from nautilus_ai_firm.gateways.cash_flows import CashFlowFile
from nautilus_ai_firm.gateways.errors import GatewayError
from nautilus_ai_firm.models.risk.memory import CarriedRisk, RiskMemory
from nautilus_ai_firm.runs.codec import decode, encode

RECORD = "risk_memory"


@dataclass(frozen=True, slots=True, kw_only=True)
class SavedRisk:
    """What the file holds: the memory, and how many of the cash flows that were noted it has allowed for."""

    memory: RiskMemory
    flows: int


class RiskFile:
    """The memory of a firm at an account.

    Parameters
    ----------
    path : Path
        Where it is; a missing file is a firm that begins.
    flows : CashFlowFile
        Cash paid in and out.

    """

    __slots__ = ("flows", "path")

    def __init__(self, path: Path, flows: CashFlowFile) -> None:
        self.path = path
        self.flows = flows

    @classmethod
    def beside(cls, kill_switch: Path, firm: str, account: str) -> Self:
        """Find the files of a firm at an account, in the folder of its kill switch."""
        name = f"{firm}-{account}"
        return cls(
            kill_switch.with_name(f"{name}.risk.json"), CashFlowFile(kill_switch.with_name(f"{name}.flows.jsonl"))
        )

    def carried(self, now_ns: int) -> CarriedRisk:
        """Read what a session begins with; flows before the first one are in the equity that it begins with.

        Parameters
        ----------
        now_ns : int
            The time, nanoseconds UTC.

        Raises
        ------
        GatewayError
            A file cannot be read, the memory is of a time to come, or flows that it allowed for are not there.

        """
        saved, flows = self._read(), self.flows.read()
        if saved is None:
            return CarriedRisk(flows=len(flows))
        if saved.memory.ts_ns >= now_ns:
            time = datetime.fromtimestamp(saved.memory.ts_ns / SECOND_NS, UTC)
            raise self._refusal(f"is of {time:%Y-%m-%d %H:%M:%S} UTC, which is to come (is the clock right?)")
        if saved.flows > len(flows):
            raise GatewayError(
                f"{self.flows.path}: holds {len(flows)} cash flows, {self.path} allowed for {saved.flows} already "
                "(needed: all of them; put the file back)"
            )
        return CarriedRisk(
            memory=saved.memory,
            external_flow=sum((flow.amount for flow in flows[saved.flows :]), 0.0),
            flows=len(flows),
        )

    def remember(self, memory: RiskMemory, flows: int) -> None:
        """Write a memory down, in place of the one before; it is whole on the disk at any time."""
        make_folder(self.path.parent)
        temporary = self.path.with_suffix(f".{os.getpid()}.tmp")
        temporary.write_bytes(encode(RECORD, SavedRisk(memory=memory, flows=flows)) + b"\n")
        put_in_place(temporary, self.path)

    def _read(self) -> SavedRisk | None:
        try:
            return decode(SavedRisk, msgspec.json.decode(self.path.read_bytes(), type=dict))
        except FileNotFoundError:
            return None
        except (OSError, ValueError) as error:
            raise self._refusal(f"cannot be read ({type(error).__name__}: {error})") from None

    def _refusal(self, cause: str) -> GatewayError:
        return GatewayError(
            f"{self.path}: {cause}; put a good copy in its place, or let whoever answers for the losses move it away: "
            "the next session then begins with a new high-water mark, in no tier and with no loss of the day or week"
        )
