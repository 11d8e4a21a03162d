"""The arrays of messages: of numbers and of truths, and read-only once they are said."""

import numpy as np
from numpy.typing import NDArray

type Floats = NDArray[np.float64]
type Bools = NDArray[np.bool_]
type Times = NDArray[np.int64]


class ReadOnlyArrays:
    """Make every array of a message read-only when the message is made."""

    __slots__ = ()

    def __post_init__(self) -> None:
        for name in self.__slots__:
            value = getattr(self, name)
            if isinstance(value, np.ndarray):
                value.flags.writeable = False
