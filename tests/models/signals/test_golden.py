"""Every model says on a fixed market what was written down: a change of any view, however small, shows here.

To accept a change that was meant, or to add a model: `python -m tests.models.signals.test_golden [model …]` writes the
files anew, of all models when none is named.
"""

import json
import math
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from tests.signal_market import model_names, model_of, names_of, signal_market

GOLDEN = Path(__file__).parent / "golden"
TOLERANCE = 1e-9
INSTRUMENTS, SESSIONS, WINDOW = 4, 60, 42  # the window is what is written down, rounds
FEWEST_VIEWS = 20

type Views = dict[str, list[list[float | None]]]


def said(name: str) -> Views:
    """Score and confidence of a model in the last rounds of the market, by round and instrument; NaN is null."""
    model = model_of(name, INSTRUMENTS)
    views = [model.update(snapshot) for snapshot in signal_market(INSTRUMENTS, SESSIONS)][-WINDOW:]
    return {
        what: [[None if math.isnan(value) else value for value in row.tolist()] for row in rows]
        for what, rows in zip(("score", "confidence"), zip(*views, strict=True), strict=True)
    }


def differing(found: Views, golden: Views) -> list[tuple[str, int, int]]:
    """Where two differ by more than the tolerance, or one has a view and the other none: what, round, instrument."""
    where: list[tuple[str, int, int]] = []
    for what in ("score", "confidence"):
        ours, theirs = (np.array(views[what], dtype=np.float64) for views in (found, golden))
        assert ours.shape == theirs.shape == (WINDOW, INSTRUMENTS)
        with np.errstate(invalid="ignore"):
            apart = (np.isnan(ours) != np.isnan(theirs)) | (np.abs(ours - theirs) > TOLERANCE)
        where += [(what, int(t), int(place)) for t, place in np.argwhere(apart)]
    return where


def golden_of(name: str) -> dict[str, Any]:
    path = GOLDEN / f"{name}.json"
    assert path.is_file(), f"{name} has no golden file: python -m tests.models.signals.test_golden {name}"
    return json.loads(path.read_text(encoding="utf-8"))


@pytest.mark.parametrize("name", model_names())
def test_a_model_says_what_was_written_down(name: str) -> None:
    golden = golden_of(name)
    assert differing(said(name), golden) == []
    assert golden["instruments"] == list(names_of(INSTRUMENTS))


@pytest.mark.parametrize("name", model_names())
def test_what_was_written_down_says_something(name: str) -> None:
    golden = golden_of(name)
    scores = [value for row in golden["score"] for value in row if value is not None]
    assert len(scores) >= FEWEST_VIEWS
    assert len(set(scores)) >= FEWEST_VIEWS // 2
    assert any(value is not None and value > 0 for row in golden["confidence"] for value in row)


def test_no_golden_file_is_left_of_a_model_that_is_gone() -> None:
    assert sorted(path.stem for path in GOLDEN.glob("*")) == model_names()


@pytest.mark.parametrize("what", ["score", "confidence"])
def test_a_difference_above_the_tolerance_is_found(what: str) -> None:
    golden = golden_of(model_names()[0])
    t, place, value = next(
        (t, place, value) for t, row in enumerate(golden[what]) for place, value in enumerate(row) if value is not None
    )
    for other, found in ((value + 2 * TOLERANCE, [(what, t, place)]), (None, [(what, t, place)]), (value, [])):
        changed = golden | {what: [list(row) for row in golden[what]]}
        changed[what][t][place] = other
        assert differing(changed, golden) == found


def main(names: list[str]) -> None:
    """Write the golden files of these models."""
    GOLDEN.mkdir(exist_ok=True)
    for name in names or model_names():
        views = said(name)
        lines = [f'"{what}": [\n  {",\n  ".join(json.dumps(row) for row in rows)}\n ]' for what, rows in views.items()]
        head = f'"instruments": {json.dumps(names_of(INSTRUMENTS))}'
        text = "{\n " + ",\n ".join([head, *lines]) + "\n}\n"
        (GOLDEN / f"{name}.json").write_text(text, encoding="utf-8")


if __name__ == "__main__":
    main(sys.argv[1:])
