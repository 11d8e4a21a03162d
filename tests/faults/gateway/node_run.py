"""A node in a process of its own at a gateway: started, waited for until it hears the market, read when it has left."""

import json
import subprocess
import sys
from pathlib import Path
from typing import Any, Self

from tests.faults.gateway.server import Gateway

ROOT = Path(__file__).resolve().parents[3]
STREAMS = ("HistoricalDataRequest", "MarketDataRequest", "TickByTickRequest")
LONGEST_S = 60.0


class NodeRun:
    """The process, killed with the context where it has not ended by itself.

    Parameters
    ----------
    gateway : Gateway
        Where it connects.
    folder : Path
        For its log.
    arguments : str
        Those of the node after the folder.

    """

    def __init__(self, gateway: Gateway, folder: Path, *arguments: str) -> None:
        self._gateway = gateway
        self._command = [sys.executable, "-m", "tests.faults.gateway.node", str(gateway.port), str(folder), *arguments]

    def __enter__(self) -> Self:
        self._process = subprocess.Popen(self._command, cwd=ROOT, stdout=subprocess.PIPE, text=True)
        try:
            for stream in STREAMS:
                self._gateway.wait_for(stream)
        except BaseException:
            self.__exit__()
            raise
        return self

    def __exit__(self, *_exception: object) -> None:
        if self._process.poll() is None:
            self._process.kill()
        self._process.communicate()

    def ended(self) -> dict[str, Any]:
        """Wait until it has left, and return what it saw."""
        printed, _ = self._process.communicate(timeout=LONGEST_S)
        assert self._process.returncode == 0
        return json.loads(printed.splitlines()[-1])
