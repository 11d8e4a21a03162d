"""What a sweep tries depends on its file alone."""

import itertools
import math
from typing import Any

import msgspec
import pytest

from nautilus_ai_firm.research.sweeps.proposals import Proposals, draw, grid, proposals
from nautilus_ai_firm.research.sweeps.tpe import TpeProposals
from nautilus_ai_firm.settings import ConfigError
from nautilus_ai_firm.settings.sweep import Dimension, Sweep

SPACE = {
    "a": {"values": [[1], [2, 3]]},
    "b": {"low": 1, "high": 5, "step": 1},
    "c": {"low": 0.01, "high": 1.0, "log": True},
    "d": {"low": -1.0, "high": 1.0},
}


def space(*names: str) -> dict[str, Dimension]:
    return msgspec.convert({name: SPACE[name] for name in names or SPACE}, dict[str, Dimension])


def sweep(**changes: Any) -> Sweep:
    base = {
        "name": "x",
        "config": "x",
        "sampler": "tpe",
        "trials": 24,
        "seed": 3,
        "objective": "sharpe",
        "space": SPACE,
    }
    return msgspec.convert(base | changes, Sweep)


def asked(source: Proposals, score: Any) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = []
    while batch := source.ask():
        source.tell([score(one) for one in batch])
        found += map(dict, batch)
    return found


def test_a_grid_is_every_combination_once() -> None:
    found = grid(space("a", "b"))
    assert [tuple(one.values()) for one in found] == list(itertools.product([[1], [2, 3]], [1, 2, 3, 4, 5]))


def test_a_drawn_trial_depends_on_seed_and_number_alone_and_stays_inside() -> None:
    drawn = [draw(space(), 7, number) for number in range(300)]
    assert drawn[17] == draw(space(), 7, 17) != draw(space(), 8, 17)
    assert all(one["b"] in range(1, 6) and 0.01 <= one["c"] <= 1 and -1 <= one["d"] <= 1 for one in drawn)
    assert {str(one["a"]) for one in drawn} == {"[1]", "[2, 3]"}
    below = sum(one["c"] < 0.1 for one in drawn) / len(drawn)
    assert math.isclose(below, 0.5, abs_tol=0.1)  # evenly in the logarithm


def test_the_estimator_proposes_the_same_from_the_same_scores_and_learns() -> None:
    def score(one: dict[str, Any]) -> float:
        return -abs(one["d"] - 0.5)

    found = asked(proposals(sweep()), score)
    assert len(found) == 24
    assert found == asked(proposals(sweep()), score)
    assert found != asked(proposals(sweep(seed=4)), score)
    assert found != asked(proposals(sweep()), lambda one: -score(one))
    late = [score(one) for one in found[16:]]
    early = [score(one) for one in found[:8]]
    assert sum(late) / len(late) > sum(early) / len(early)


def test_the_estimator_goes_on_where_a_trial_failed() -> None:
    found = asked(proposals(sweep()), lambda one: None if one["b"] == 1 else one["d"])
    assert len(found) == 24


def test_without_optuna_it_says_how_to_get_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(__import__("sys").modules, "optuna", None)
    with pytest.raises(ConfigError, match=r"needs optuna \(install it with: pip install"):
        TpeProposals(space(), 1, 10, 5)
