"""A catalog that decodes once gives what the catalog gives, and gives the same objects again."""

from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest

from nautilus_ai_firm.data.catalog import Catalog
from nautilus_ai_firm.data.decoded_catalog import BLOCK_NS, DecodedCatalog
from nautilus_ai_firm.data.objects import bar_type_id
from tests.firm_runs import INDEX, synthetic_market

NAMES = [bar_type_id(f"{symbol}.US", "1-DAY") for symbol in ("A", "B")]
INPUTS = [bar_type_id(INDEX, "1-DAY"), "wti", "credit_spread"]


@pytest.fixture(scope="module")
def path(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return synthetic_market(("A", "B"), 200).write(tmp_path_factory.mktemp("market"))


def test_every_window_is_the_catalogs(path: Path) -> None:
    plain, decoded = Catalog(path), DecodedCatalog(path)
    closes = plain.close_times(NAMES, 0, 2**62)
    edges = [block * BLOCK_NS + shift for block in closes[[0, 100]] // BLOCK_NS for shift in (-1, 0, 1)]
    times = sorted({0, *edges, *closes[::37].tolist(), int(closes[-1]) + 1})
    for start, end in [*pairwise(times), (times[0], times[-1]), (times[-1] + 1, times[-1] + 2)]:
        ours, theirs = decoded.window(NAMES, INPUTS, start, end), plain.window(NAMES, INPUTS, start, end)
        assert ours.bars == theirs.bars
        assert ours.opening_ticks == theirs.opening_ticks
        assert [(one.ts_init, one.data) for one in ours.observations] == [
            (one.ts_init, one.data) for one in theirs.observations
        ]


def test_what_was_decoded_is_not_decoded_again(path: Path) -> None:
    decoded = DecodedCatalog(path)
    closes = decoded.close_times(NAMES, 0, 2**62)
    first = decoded.window(NAMES, INPUTS, int(closes[10]), int(closes[90]))
    again = decoded.window(NAMES, INPUTS, int(closes[50]), int(closes[120]))
    shared = {id(bar) for bar in first.bars} & {id(bar) for bar in again.bars}
    assert len(shared) == 41 * (len(NAMES) + 1)
    plain = Catalog(path)
    once = plain.window(NAMES, INPUTS, int(closes[10]), int(closes[90]))
    assert not {id(bar) for bar in once.bars} & {id(bar) for bar in first.bars}
    assert np.array_equal([bar.ts_init for bar in once.bars], [bar.ts_init for bar in first.bars])
