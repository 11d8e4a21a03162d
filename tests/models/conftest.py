"""Markets for the tests of the models: prices, rounds, and a way to run a model over them."""

from collections.abc import Callable, Sequence

import numpy as np
import pytest

from nautilus_ai_firm.durations import DAY_NS, HOUR_NS
from nautilus_ai_firm.messages import Floats, MarketSnapshot

type Rounds = Callable[..., list[MarketSnapshot]]


@pytest.fixture
def closes() -> Floats:
    """Closes of three instruments over 600 bars: random walks of different volatility, drift and level."""
    steps = np.random.default_rng(7).normal([0.0004, 0.0, -0.0003], [0.01, 0.02, 0.005], size=(600, 3))
    return np.array([100.0, 20.0, 3000.0]) * np.exp(steps.cumsum(axis=0))


@pytest.fixture
def rounds() -> Rounds:
    """Make one snapshot per row of closes, and of inputs if there are any."""

    def make(close, fresh=None, inputs=None, inputs_fresh=None):
        fresh = np.isfinite(close) if fresh is None else fresh
        inputs = np.empty((len(close), 0)) if inputs is None else inputs
        inputs_fresh = np.isfinite(inputs) if inputs_fresh is None else inputs_fresh
        return [
            MarketSnapshot(
                round=t + 1,
                ts_event=(t + 1) * DAY_NS,
                open=row.copy(),
                high=row.copy(),
                low=row.copy(),
                close=row.copy(),
                volume=np.full(len(row), 1e6),
                fresh=fresh[t].copy(),
                inputs=inputs[t].copy(),
                inputs_fresh=inputs_fresh[t].copy(),
            )
            for t, row in enumerate(close)
        ]

    return make


@pytest.fixture
def run() -> Callable[..., tuple[Floats, Floats]]:
    """Give a model every round and stack its scores and confidences, shape (n_rounds, n_instruments)."""

    def over(model, snapshots: Sequence[MarketSnapshot]):
        scores, confidences = zip(*[model.update(snapshot) for snapshot in snapshots], strict=True)
        return np.array(scores), np.array(confidences)

    return over


@pytest.fixture
def session_rounds() -> Rounds:
    """Make one snapshot per bar (open, high, low, close), in sessions of the given numbers of bars.

    Session s opens 14 h 30 min into day s, or at `opens_ns[s]`, and ends with its last bar; `bar_ns` is the length of
    a bar, half an hour unless given.
    """

    def make(bars, lengths, fresh=None, opens_ns=None, bar_ns=HOUR_NS // 2):
        assert sum(lengths) == bars.shape[1]
        fresh = np.ones(bars.shape[1:], dtype=bool) if fresh is None else fresh
        opens_ns = (
            [day * DAY_NS + 52_200_000_000_000 for day in range(1, len(lengths) + 1)]
            if (opens_ns is None)
            else opens_ns
        )
        places = [(s, j) for s, length in enumerate(lengths) for j in range(length)]
        return [
            MarketSnapshot(
                round=t + 1,
                ts_event=opens_ns[s] + (j + 1) * bar_ns,
                open=bars[0, t].copy(),
                high=bars[1, t].copy(),
                low=bars[2, t].copy(),
                close=bars[3, t].copy(),
                volume=np.ones(bars.shape[2]),
                fresh=fresh[t].copy(),
                inputs=np.empty(0),
                inputs_fresh=np.empty(0, dtype=bool),
                session_open_ns=opens_ns[s],
                session_close_ns=opens_ns[s] + lengths[s] * bar_ns,
            )
            for t, (s, j) in enumerate(places)
        ]

    return make
