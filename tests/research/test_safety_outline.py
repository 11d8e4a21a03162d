"""What acts without a decision is in the account of a firm, with every number that is configured."""

from typing import Any

from nautilus_ai_firm.research.outline import outline
from nautilus_ai_firm.research.safety_outline import safety_rows
from tests.firm_runs import settings


def rows(changes: dict[str, Any] | None = None) -> dict[str, str]:
    return dict(safety_rows(settings(changes=changes).firm))


def test_a_firm_without_any_says_so() -> None:
    assert rows() == {
        "stops": "none",
        "halt": "holds every position; reducing orders pass",
        "new risk": "limited by max_messages alone",
    }
    assert "holds every position" in outline(settings())


def test_every_number_is_said() -> None:
    stops = {
        "initial_atr": 3.0, "trailing_atr": 4.0, "break_even_gain": 0.05, "max_rounds": 60, "working": "watched",
        "cool_down_rounds": 2,
    }  # fmt: skip
    changes = {
        "risk.stops": stops,
        "risk.kill_switch_flattens": True,
        "risk.halt_allows_reducing": False,
        "execution.gate.max_new_parents": 10,
        "execution.gate.min_new_parent_spacing_ms": 100,
        "execution.gate.max_repeats": 5,
        "execution.gate.repeat_window_seconds": 3_600,
    }
    assert rows(changes) == {
        "stops": "3 true ranges from the entry, trailing 4 true ranges, break-even from a gain of 5.0%, closed after "
        "60 rounds; watched by the firm; then 2 rounds without new exposure",
        "halt": "closes every position; reducing orders do not pass",
        "new risk": "10 orders in 60 s, 100 ms apart, 5 of the same in 3,600 s, then a halt",
    }
    assert rows({"risk.stops": {"initial_fraction": 0.08}})["stops"].startswith("8.0% from the entry; resting at")
