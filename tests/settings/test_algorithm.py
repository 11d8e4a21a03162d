"""`[execution.algorithm]`: every algorithm has keys of its own, and nobody else's."""

import tomllib
from typing import Any

import pytest

from nautilus_ai_firm.settings import ConfigError, decode, encode
from tests.firm_runs import raw_firm, settings

OWN: dict[str, dict[str, Any]] = {
    "twap": {"randomise_times": 0.5, "randomise_sizes": 0.2, "seed": 7},
    "vwap": {"max_participation": 0.1, "curve_sessions": 10, "curve_bin_minutes": 15},
    "pov": {"participation": 0.1},
    "almgren_chriss": {"risk_aversion": 1e-6, "spread_bps": 2.0},
}
SHARED: dict[str, Any] = {
    "min_child": 100, "max_child": 5_000, "at_end": "cross", "urgent_share": 0.5, "last_minutes": 10,
    "limit": {"peg": 0.5, "offset_bps": 1.0, "cross_share": 0.3, "reprice_seconds": 2.0, "stale_intervals": 3},
    "by_impact": {"at_once_below_bps": 2.0, "whole_duration_from_bps": 20.0},
}  # fmt: skip


def algorithm(table: dict[str, Any]) -> Any:
    changes = {"execution.algorithm": table, "execution.impact": {"coefficient": 1.0}}
    return settings(["A"], changes, macro=False).firm.execution.algorithm


@pytest.mark.parametrize("name", OWN)
def test_every_algorithm_takes_what_all_share_and_its_own(name: str) -> None:
    read = algorithm({"name": name} | SHARED | OWN[name])
    assert (read.name, read.max_child, read.limit.peg) == (name, 5_000, 0.5)


@pytest.mark.parametrize("name", OWN)
@pytest.mark.parametrize("other", OWN)
def test_no_algorithm_takes_a_key_of_another(name: str, other: str) -> None:
    for key, value in OWN[other].items():
        if other == name or key == "seed":
            continue
        with pytest.raises(
            ConfigError, match=rf"execution\.algorithm.*{key} is a key of {other}, and name is '{name}'"
        ):
            algorithm({"name": name} | OWN[name] | {key: value})


@pytest.mark.parametrize(
    ("table", "message"),
    [
        ({"name": "pov"}, "participation is missing: pov needs it"),
        ({"name": "almgren_chriss", "spread_bps": 1.0}, "risk_aversion is missing"),
        ({"name": "iceberg"}, "iceberg"),
        ({"max_chlid": 5}, "max_chlid"),
        ({"min_child": 10, "max_child": 9}, "max_child 9 is below min_child 10"),
        ({"at_end": "panic"}, "panic"),
        ({"at_end": "leave", "closing_cutoff_minutes": 10}, "closing_cutoff_minutes is given, but at_end is 'leave'"),
        ({"at_end": "auction", "closing_cutoff_minutes": 0}, "closing_cutoff_minutes"),
        ({"randomise_times": 1.0}, "randomise_times"),
        ({"limit": {"peg": 1.5}}, "peg"),
        ({"by_impact": {"at_once_below_bps": 5.0, "whole_duration_from_bps": 5.0}}, "is not below"),
    ],
)
def test_what_makes_no_sense_is_refused_by_name(table: dict[str, Any], message: str) -> None:
    with pytest.raises(ConfigError, match=rf"execution\.algorithm.*{message}"):
        algorithm(table)


@pytest.mark.parametrize(
    ("table", "minutes"),
    [
        ({}, 0),
        ({"at_end": "cross"}, 0),
        ({"at_end": "auction"}, 15),
        ({"at_end": "auction", "closing_cutoff_minutes": 6}, 6),
    ],
)
def test_the_cut_off_is_there_with_an_auction_alone(table: dict[str, Any], minutes: int) -> None:
    assert algorithm(table).cutoff_minutes == minutes


def test_an_exchange_that_never_closes_has_no_closing_auction() -> None:
    changes = {"execution.algorithm": {"at_end": "auction"}, "market.calendar": "24/7"}
    with pytest.raises(ConfigError, match=r"market\.calendar '24/7' never closes"):
        settings(["A"], changes, macro=False)


def test_absent_tables_leave_no_trace_in_what_is_hashed() -> None:
    written = encode(settings(["A"], macro=False).firm).decode()
    assert "execution.algorithm" not in written
    assert "execution.opening" not in written


def test_a_firm_with_algorithms_survives_being_written_and_read() -> None:
    changes = {
        "execution.algorithm": {"name": "vwap"} | SHARED | OWN["vwap"],
        "execution.opening": {"max_gap": 0.05},
        "execution.impact": {"coefficient": 0.8, "open_premium": 0.5},
    }
    loaded = decode(raw_firm(["A"], changes, macro=False), "test")

    again = decode(tomllib.loads(encode(loaded.firm).decode()), "again")
    assert (again.firm, again.sha256) == (loaded.firm, loaded.sha256)


@pytest.mark.parametrize("table", [{}, {"max_gap": 0.0}, {"max_gap": 0.05, "wait_minutes": -1}, {"gap": 0.1}])
def test_an_opening_rule_that_makes_no_sense_is_refused(table: dict[str, Any]) -> None:
    with pytest.raises(ConfigError, match=r"execution\.opening"):
        settings(["A"], {"execution.opening": table}, macro=False)
