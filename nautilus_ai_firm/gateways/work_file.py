"""Parent orders that a firm works at an account, on the disk beside the kill switch: what a restart may go on with."""

import os
from dataclasses import dataclass
from pathlib import Path
from typing import Self

import msgspec

from nautilus_ai_firm.data.durable import make_folder, put_in_place
from nautilus_ai_firm.gateways.errors import GatewayError
from nautilus_ai_firm.messages import Interrupted
from nautilus_ai_firm.runs.codec import decode, encode

RECORD = "unfinished_work"


@dataclass(frozen=True, slots=True, kw_only=True)
class SavedOrder:
    """A parent that would go on, and the filled quantity of its instrument at that time, signed."""

    rest: Interrupted
    position: int


@dataclass(frozen=True, slots=True, kw_only=True)
class SavedWork:
    """What the file holds.

    Attributes
    ----------
    ts_ns : int
        When it was written, nanoseconds UTC.
    config_sha256 : str
        Of the configuration that decided it.
    orders : tuple of SavedOrder
        In the order of the universe.

    """

    ts_ns: int
    config_sha256: str
    orders: tuple[SavedOrder, ...]


class WorkFile:
    """The work of a firm at an account.

    Parameters
    ----------
    path : Path
        Where it is; a missing file is a firm that left nothing.

    """

    __slots__ = ("path",)

    def __init__(self, path: Path) -> None:
        self.path = path

    @classmethod
    def beside(cls, kill_switch: Path, firm: str, account: str) -> Self:
        """Find the file of a firm at an account, in the folder of its kill switch."""
        return cls(kill_switch.with_name(f"{firm}-{account}.work.json"))

    def read(self) -> SavedWork | None:
        """Read what was left.

        Raises
        ------
        GatewayError
            The file cannot be read.

        """
        try:
            return decode(SavedWork, msgspec.json.decode(self.path.read_bytes(), type=dict))
        except FileNotFoundError:
            return None
        except (OSError, ValueError) as error:
            raise GatewayError(
                f"{self.path}: cannot be read ({type(error).__name__}: {error}); move it away: the next session "
                "then goes on with no order of an earlier one, and decides anew"
            ) from None

    def write(self, work: SavedWork) -> None:
        """Write it down, in place of what was there; it is whole on the disk at any time."""
        make_folder(self.path.parent)
        temporary = self.path.with_suffix(f".{os.getpid()}.tmp")
        temporary.write_bytes(encode(RECORD, work) + b"\n")
        put_in_place(temporary, self.path)
