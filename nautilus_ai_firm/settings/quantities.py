"""Ranges of numbers in a configuration; all are finite: an infinite limit is no limit."""

from typing import Annotated

from msgspec import Meta

type Fraction = Annotated[float, Meta(gt=0, le=1)]
type Positive = Annotated[float, Meta(gt=0, le=1e15)]
type NonNegative = Annotated[float, Meta(ge=0, le=1e15)]
type Count = Annotated[int, Meta(ge=1)]
