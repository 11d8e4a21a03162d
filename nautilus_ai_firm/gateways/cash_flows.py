"""Cash that was paid into an account or out of it, as persons note it: a file that only grows, a line for each."""

import os
from dataclasses import dataclass
from math import isfinite
from pathlib import Path

import msgspec

from nautilus_ai_firm.data.durable import make_folder
from nautilus_ai_firm.gateways.errors import GatewayError
from nautilus_ai_firm.runs.codec import decode, encode


@dataclass(frozen=True, slots=True, kw_only=True)
class CashFlow:
    """Cash paid in or out.

    Attributes
    ----------
    amount : float
        Account currency, positive in, negative out.
    who, why : str
        Who noted it, and for what reason.
    time : str
        When it was noted, ISO 8601, UTC.

    Raises
    ------
    ValueError
        An amount that is 0 or not finite, or nobody or nothing is named.

    """

    amount: float
    who: str
    why: str
    time: str

    def __post_init__(self) -> None:
        """Refuse what nobody answers for."""
        if not isfinite(self.amount) or not self.amount:
            raise ValueError(f"amount is {self.amount}, allowed is a finite number other than 0")
        if not self.who.strip() or not self.why.strip():
            raise ValueError(
                f"who is {self.who!r} and why is {self.why!r}: a named person notes it for a stated reason"
            )


class CashFlowFile:
    """The flows of an account.

    Parameters
    ----------
    path : Path
        Where they are; a missing file holds none.

    """

    __slots__ = ("path",)

    def __init__(self, path: Path) -> None:
        self.path = path

    def read(self) -> tuple[CashFlow, ...]:
        """Return all flows, in the order in which they were noted.

        Raises
        ------
        GatewayError
            The file cannot be read, or a line of it is none: names file and line.

        """
        return self._flows(self._content())

    def add(self, flow: CashFlow) -> int:
        """Note a flow on the disk, and return how many there are now.

        Raises
        ------
        GatewayError
            As `read`; nothing was noted.

        """
        content = self._content()
        count = len(self._flows(content)) + 1
        begin = b"" if not content or content.endswith(b"\n") else b"\n"  # an editor may have left the last one out
        make_folder(self.path.parent)
        with self.path.open("ab") as file:
            file.write(begin + encode("cash_flow", flow) + b"\n")
            file.flush()
            os.fsync(file.fileno())
        return count

    def _content(self) -> bytes:
        try:
            return self.path.read_bytes()
        except FileNotFoundError:
            return b""
        except OSError as error:
            raise GatewayError(f"{self.path}: cannot be read ({error})") from None

    def _flows(self, content: bytes) -> tuple[CashFlow, ...]:
        return tuple(self._flow(number, line) for number, line in enumerate(content.splitlines(), 1))

    def _flow(self, number: int, line: bytes) -> CashFlow:
        try:
            return decode(CashFlow, msgspec.json.decode(line, type=dict))
        except ValueError as error:
            raise GatewayError(
                f"{self.path}:{number}: is no cash flow ({error}); mend the line by hand, or take it out where the "
                "cash never moved"
            ) from None
