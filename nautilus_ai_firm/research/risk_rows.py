"""The table of risk in a run folder, `risk.parquet`, as columns."""

from dataclasses import dataclass, fields
from typing import Self

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from nautilus_ai_firm.messages import Bools, Floats, Times

type Names = NDArray[np.str_]


@dataclass(frozen=True, slots=True)
class RiskRows:
    """Columns of the table, or of some of its rows: times are closes of rounds, nanoseconds UTC."""

    ts: Times
    round: Times
    rule: Names
    subject: Names
    value: Floats
    limit: Floats

    @classmethod
    def of(cls, table: pd.DataFrame) -> Self:
        """Take the table apart."""
        return cls(
            table["ts"].astype("datetime64[ns, UTC]").astype("int64").to_numpy(),
            table["round"].to_numpy(dtype=np.int64),
            table["rule"].to_numpy(dtype=np.str_),
            table["subject"].to_numpy(dtype=np.str_),
            table["value"].to_numpy(dtype=np.float64),
            table["limit"].to_numpy(dtype=np.float64),
        )

    def take(self, mask: Bools) -> Self:
        """Rows of a mask."""
        return type(self)(*(getattr(self, one.name)[mask] for one in fields(self)))
