"""Markets for the tests of the models: prices, rounds, and a way to run a model over them."""

from collections.abc import Callable, Sequence

import numpy as np
import pytest

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
                ts_event=(t + 1) * 86_400_000_000_000,
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
