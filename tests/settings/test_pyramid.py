"""`[execution.pyramid]`: absent it is nowhere, its values are the model's, and contradictions name their table."""

from typing import Any

import pytest

from nautilus_ai_firm.models.execution.pyramid_rules import PyramidRules
from nautilus_ai_firm.research.outline import outline
from nautilus_ai_firm.settings import ConfigError, Pyramid, decode, encode
from tests.firm_runs import raw_firm, settings


def test_absent_it_is_written_nowhere() -> None:
    assert settings().firm.execution.pyramid is None
    assert b"pyramid" not in encode(settings().firm)


def test_its_defaults_are_the_rules() -> None:
    firm = settings(changes={"execution.pyramid": {}}).firm
    assert firm.execution.pyramid == Pyramid()
    assert Pyramid().rules() == PyramidRules()
    assert decode({**raw_firm(), "execution": raw_firm()["execution"] | {"pyramid": {}}}, "again").firm == firm


def test_the_account_of_a_firm_says_how_positions_are_built() -> None:
    assert "layers" not in outline(settings())
    text = outline(settings(changes={"execution.pyramid": {}}))
    assert "25.0%, 22.5%, 15.8%, 11.0% of what is intended, at 5.0%, 10.0%, 15.0%; stops 2 ATR" in text
    text = outline(settings(changes={"execution.pyramid": {"confirm": "atr", "max_layers": 2}}))
    assert "25.0%, 22.5% of what is intended, at 1 ATR; stops 2 ATR" in text


@pytest.mark.parametrize(
    ("given", "message"),
    [
        ({"first_layer": 0.19}, "first_layer"),
        ({"first_layer": 0.51}, "first_layer"),
        ({"first_layer": 0.2}, "is no smaller layer"),
        ({"confirm": "hope"}, "confirm"),
        ({"max_layers": 6}, "profit_thresholds has 4 values, 5 are needed for max_layers"),
        ({"profit_thresholds": [0.1, 0.05, 0.2]}, "does not rise"),
        ({"atr_multiples": [1.0, 2.0, 1.5], "confirm": "atr"}, "does not rise"),
        ({"breakout_rounds": 1}, "breakout_rounds"),
        ({"min_adx": 101.0}, "min_adx"),
        ({"stop_atr": 0.0}, "stop_atr"),
        ({"take_profit": [0.2]}, "take_profit has 1 values"),
        ({"trailing": True}, "trailing"),
    ],
)
def test_what_cannot_be_is_refused_with_its_path(given: dict[str, Any], message: str) -> None:
    with pytest.raises(ConfigError, match=message) as refused:
        settings(changes={"execution.pyramid": given})
    assert "execution.pyramid" in str(refused.value)


def test_a_band_that_would_hide_a_layer_is_refused() -> None:
    with pytest.raises(
        ConfigError, match=r"layer 4 would be 0\.1484 of the position, within execution\.no_trade_band 0\.2"
    ):
        settings(changes={"execution.pyramid": {}, "execution.no_trade_band": 0.2})
