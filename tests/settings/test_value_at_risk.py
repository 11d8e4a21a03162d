import msgspec
import pytest

from nautilus_ai_firm.models.risk.value_at_risk import METHODS, ValueAtRiskModel
from nautilus_ai_firm.settings.value_at_risk import ValueAtRisk


def read(**table):
    return msgspec.convert(table, ValueAtRisk, strict=True)


def test_a_limit_that_is_not_configured_is_none():
    assert (read().max_var, read().max_es) == (None, None)
    assert read(max_var=0.02, max_es=0.03).max_var == 0.02


def test_its_parameters_are_those_of_the_model():
    assert ValueAtRiskModel(2, **read(methods=list(METHODS)).model_parameters()).measures().keys() == set(METHODS)


@pytest.mark.parametrize(
    ("table", "what"),
    [
        ({"max_var": 0.0}, "max_var"),
        ({"max_es": 1.5}, "max_es"),
        ({"confidence": 1.0}, "confidence"),
        ({"confidence": 0.4}, "confidence"),
        ({"methods": []}, "methods"),
        ({"methods": ["garch"]}, "methods"),
        ({"methods": ["normal", "normal"]}, "each once"),
        ({"degrees_of_freedom": 2.0}, "degrees_of_freedom"),
        ({"scenarios": 101}, "even numbers"),
        ({"window_rounds": 50}, "at least 1 / .* = 100"),
        ({"liquidation_participation": 0.0}, "liquidation_participation"),
        ({"max_vra": 0.1}, "max_vra"),
    ],
)
def test_what_is_out_of_range_is_refused(table, what):
    with pytest.raises(msgspec.ValidationError, match=what):
        read(**table)


def test_a_short_window_is_enough_for_less_confidence_and_for_methods_without_one():
    assert read(window_rounds=50, confidence=0.95).window_rounds == 50
    assert read(window_rounds=50, methods=["normal"]).window_rounds == 50
    assert read(window_rounds=100).window_rounds == 100
