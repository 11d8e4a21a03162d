"""How far limits are used, and what is told of it: once when it gets worse, and again after it was better."""

import pytest

from nautilus_ai_firm.messages import Breach, Severity
from nautilus_ai_firm.models.risk.usage import Alerts, Use


def use(value, rule="max_gross", subject="", limit=1.0, *, each=False):
    return Use(rule=rule, subject=subject, value=value, limit=limit, each=each)


def breach(rule="max_gross", observed=1.2, limit=1.0, **more):
    return Breach(rule=rule, instrument_id=None, observed=observed, limit=limit, action="scaled", **more)


def told(alerts, uses=(), breaches=(), halting=frozenset()):
    return [
        (one.rule, one.subject, one.severity) for one in alerts.update(3, 1_000, list(uses), list(breaches), halting)
    ]


def test_a_limit_that_is_nearly_used_is_told_once():
    alerts = Alerts(0.8)
    assert told(alerts, [use(0.79)]) == []
    assert told(alerts, [use(0.8)]) == [("max_gross", None, Severity.WARNING)]
    assert told(alerts, [use(0.9)]) == []
    assert told(alerts, [use(0.5)]) == []
    assert told(alerts, [use(0.85)]) == [("max_gross", None, Severity.WARNING)]


def test_a_breach_is_worse_than_a_warning_and_a_halt_than_a_breach():
    alerts = Alerts(0.8)
    assert told(alerts, [use(1.0)]) == [("max_gross", None, Severity.WARNING)]
    assert told(alerts, [use(1.0)], [breach()]) == [("max_gross", None, Severity.BREACH)]
    assert told(alerts, [use(1.0)], [breach()]) == []
    assert told(alerts, [use(1.0)], [breach()], frozenset({"max_gross"})) == [("max_gross", None, Severity.CRITICAL)]
    assert told(alerts, [use(1.0)]) == []


def test_sectors_are_told_apart_and_instruments_of_one_limit_are_not():
    alerts = Alerts(0.8)
    both = [use(0.9, "max_sector", "tech"), use(0.5, "max_sector", "bank")]
    assert told(alerts, both) == [("max_sector", "tech", Severity.WARNING)]
    assert told(alerts, [both[0], use(0.9, "max_sector", "bank")]) == [("max_sector", "bank", Severity.WARNING)]
    assert told(alerts, [use(1.0, "max_position", "A", each=True)]) == [("max_position", "A", Severity.WARNING)]
    assert told(alerts, [use(1.0, "max_position", "B", each=True)]) == []


def test_an_alert_says_everything():
    (alert,) = Alerts(0.8).update(3, 1_000, [use(0.45, limit=0.5)], [], frozenset())
    assert (alert.round, alert.ts_event, alert.value, alert.limit, alert.use, alert.action) == (
        3, 1_000, 0.45, 0.5, pytest.approx(0.9), "none",
    )  # fmt: skip
    (alert,) = Alerts(0.8).update(3, 1_000, [], [breach(group="tech")], frozenset())
    assert (alert.subject, alert.use, alert.action) == ("tech", 1.2, "scaled")


@pytest.mark.parametrize(("value", "limit", "share"), [(0.5, 2.0, 0.25), (0.0, 0.0, 0.0), (0.1, 0.0, 1.0)])
def test_a_use_is_a_share_of_its_limit_also_of_a_limit_of_0(value, limit, share):
    assert use(value, limit=limit).share == share


def test_what_is_not_known_is_no_warning():
    assert told(Alerts(0.8), [use(float("nan"))]) == []
