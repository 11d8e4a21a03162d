"""The whole firm with a book that is always fully invested, through the falls of 2008 and 2020, hour by hour."""

import importlib
import sys
from collections.abc import Iterator
from datetime import date
from pathlib import Path
from typing import Any

import pytest

from nautilus_ai_firm.data.catalog import Catalog
from nautilus_ai_firm.data.columns import utc
from nautilus_ai_firm.data.lean import add_lean
from nautilus_ai_firm.models import signals
from nautilus_ai_firm.settings import decode
from tests.firm_runs import audit, decisions, fills, raw_firm, run
from tests.research.test_stress_history import lean_bars

pytestmark = [pytest.mark.shared_data, pytest.mark.slow]

FIXED_BOOK = '''"""Every instrument is a full long, always."""
import numpy as np
from msgspec import Struct


class Params(Struct):
    pass


class Model:
    def __init__(self, params, watched):
        self.horizon_rounds = 1

    def update(self, market):
        return np.where(market.fresh, 1.0, np.nan), np.where(market.fresh, 1.0, np.nan)
'''
TIERS = [
    {"action": "warn", "drawdown": 0.03, "recovery": 0.02},
    {"action": "halve", "drawdown": 0.05, "recovery": 0.03},
    {"action": "no_new_risk", "drawdown": 0.07, "recovery": 0.05},
    {"action": "flatten", "drawdown": 0.10},
]


@pytest.fixture(scope="module")
def catalog(shared_data: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("crashes")
    made = Catalog(folder / "catalog")
    add_lean(made, lean_bars(shared_data, folder / "lean"), ["SPY"])
    return made.path


@pytest.fixture
def fixed_book(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[str]:
    """An agent that no firm should seat, for as long as a test lasts."""
    folder = tmp_path / "signals"
    folder.mkdir()
    (folder / "fixed_book.py").write_text(FIXED_BOOK)
    monkeypatch.setattr(signals, "__path__", [*signals.__path__, str(folder)])
    importlib.invalidate_caches()
    yield "fixed_book"
    sys.modules.pop(f"{signals.__name__}.fixed_book", None)
    if hasattr(signals, "fixed_book"):
        del signals.fixed_book  # pyright: ignore[reportAttributeAccessIssue] - the import put it there


def firm(model: str, first: date, last: date, **risk: Any) -> Any:
    raw = raw_firm(["SPY"], macro=False)
    raw["market"] |= {"bar": "1-HOUR", "start": first, "end": last}
    raw["market"]["universe"] = [{"id": "SPY.USA", "max_order_value": 5e7, "max_order_volume": 1_000_000}]
    raw["signals"]["agents"] = [{"name": "book", "model": model, "weight": 1.0}]
    raw["cio"] |= {"target_volatility_per_year": 1.0, "volatility_span": 100}  # more than all, so limits decide
    wide = {"max_position": 1.0, "max_sector": 1.0, "max_gross": 1.0, "max_net": 1.0, "max_leverage": 1.4}
    raw["risk"] |= wide | {"max_concentration": 1.0, "max_agent": 10.0, "max_overnight": 1.0, "max_drawdown": 0.9}
    raw["risk"] |= {"kill_switch_file": "/nonexistent/kill_switch.json"} | risk
    return decode(raw, "test")


def steps(folder: Path) -> list[tuple[str, str]]:
    """Steps into tiers, in order of the audit chain: rule without its prefix, and the hour."""
    alerts = [alert for alert in audit(folder, "alert") if alert["rule"].startswith("drawdown_tier:")]
    return [
        (alert["rule"].partition(":")[2], utc(alert["ts"])[:13]) for alert in alerts if alert["action"] == "entered"
    ]


@pytest.mark.parametrize(
    ("first", "last", "expected"),
    [
        (
            date(2008, 8, 1),
            date(2008, 10, 31),
            {
                "warn": "2008-08-19T15",
                "halve": "2008-09-04T20",
                "no_new_risk": "2008-09-15T20",
                "flatten": "2008-10-02T20",
            },
        ),
        (
            date(2020, 1, 2),
            date(2020, 3, 31),
            {
                "warn": "2020-01-31T19",
                "halve": "2020-02-25T16",
                "no_new_risk": "2020-02-27T15",
                "flatten": "2020-02-28T15",
            },
        ),
    ],
)
def test_every_tier_speaks_in_order_and_the_firm_is_out_before_the_worst(
    catalog: Path, fixed_book: str, tmp_path: Path, first: date, last: date, expected: dict[str, str]
) -> None:
    result = run(firm(fixed_book, first, last, drawdown_tiers=TIERS), catalog, tmp_path / "run")
    told = steps(result.folder)
    assert dict(reversed(told)) == expected  # the first time of each
    assert list(dict.fromkeys(rule for rule, _ in told)) == [tier["action"] for tier in TIERS]
    weights = [(line["ts"], line["risk"][0]) for line in decisions(result.folder) if line["cio"][0] is not None]
    halved = next(ts for ts, _ in weights if utc(ts)[:13] >= expected["halve"])
    assert max(weight for ts, weight in weights if ts < halved) == pytest.approx(1.0, abs=0.01)
    assert 0 < max(weight for ts, weight in weights if ts >= halved) < 0.9  # half, and full again where it recovered
    assert result.summary["fills"] > 2
    assert fills(result)[-1]["side"] == "SELL"
    assert {line["risk"][0] for line in decisions(result.folder)[-10:]} <= {0.0}
    without = run(firm(fixed_book, first, last), catalog, tmp_path / "without")  # the control
    assert steps(without.folder) == []
    assert without.summary["max_drawdown"] > 2 * result.summary["max_drawdown"]
