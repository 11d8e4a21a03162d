"""The JSON of what is told to the world: the agreed examples are read and written again, and the schema knows them."""

import json
import re
from typing import Any

import msgspec
import pytest

from nautilus_ai_firm.messages.execution_reports import (
    EmergencyLiquidation,
    ExecutionMessage,
    LiquidationContent,
    RiskThresholdBreach,
    StopLossContent,
    StopLossUpdate,
    TakeProfitContent,
    TakeProfitExecution,
    ThresholdContent,
)

AGREED = """
{
  "agent": "ExecutionAgent",
  "message_type": "pyramiding_update",
  "content": {
    "symbol": "AAPL",
    "strategy_id": "PYR_001",
    "current_layer": 2,
    "total_layers": 4,
    "position_status": {
      "total_exposure": 0.015,  // 1.5% of portfolio
      "current_exposure": 0.008, // 0.8% current
      "average_entry_price": 185.50,
      "current_price": 192.25,
      "unrealized_pnl_pct": 0.038
    },
    "layer_details": [
      {
        "layer_number": 1,
        "entry_price": 180.00,
        "position_size": 0.005,
        "stop_loss": 175.00
      },
      {
        "layer_number": 2,
        "entry_price": 190.00,
        "position_size": 0.003,
        "stop_loss": 182.00
      }
    ],
    "next_trigger": {
      "price_target": 195.00,
      "volume_confirmation": true,
      "time_window": "2025-11-10T16:00:00Z"
    }
  },
  "risk_metrics": {
    "max_drawdown_protection": 0.02,
    "volatility_adjusted": true,
    "correlation_impact": 0.15
  }
}
---
{
  "agent": "ExecutionAgent",
  "message_type": "impact_analysis",
  "content": {
    "symbol": "AAPL",
    "trade_size": 10000,
    "market_conditions": {
      "avg_daily_volume": 50000000,
      "current_volatility": 0.25,
      "liquidity_score": 0.85
    },
    "impact_models": {
      "volume_based_impact_bps": 5.2,
      "liquidity_depth_impact_bps": 3.1,
      "volatility_adjusted_impact_bps": 7.8,
      "time_of_day_impact_bps": 2.4
    },
    "recommended_execution": {
      "max_single_order_size": 2500,
      "execution_window_minutes": 45,
      "venue_diversification": true,
      "algorithm_recommendation": "VWAP"
    }
  },
  "confidence_score": 0.89
}
---
{
  "agent": "ExecutionAgent",
  "message_type": "execution_update",
  "content": {
    "order_id": "IB123456",
    "symbol": "AAPL",
    "side": "BUY",
    "quantity": 1000,
    "executed_quantity": 750,
    "average_price": 185.25,
    "status": "PARTIAL_FILL",
    "execution_quality": {
      "slippage_bps": 2.5,
      "market_impact_bps": 1.8,
      "timing_score": 0.92
    },
    "estimated_completion": "2025-11-10T14:30:00Z"
  },
  "performance_metrics": {
    "target_completion": "2025-11-10T14:15:00Z",
    "cost_savings": 0.015,
    "benchmark_comparison": "above_average"
  }
}
"""
"""Three examples whose shape was agreed on."""

OTHERS = (
    StopLossUpdate(
        content=StopLossContent(
            symbol="AAPL", layer=2, stop_loss=182.0, previous_stop_loss=None, quantity=40, reason="trailing stop"
        )
    ),
    TakeProfitExecution(
        content=TakeProfitContent(
            symbol="AAPL", order_id="T1", layer=None, side="SELL", quantity=40, executed_quantity=40, price=199.5,
            target_price=199.5,
        )
    ),
    RiskThresholdBreach(
        content=ThresholdContent(
            rule="max_gross", subject=None, value=1.6, limit=1.5, use=1.07, severity="breach", action="cut"
        )
    ),
    EmergencyLiquidation(content=LiquidationContent(symbol=None, cause="drawdown", who="risk desk", sender="risk")),
)  # fmt: skip
"""One each of the others, which were agreed on by name."""

NAMES = [
    "pyramiding_update", "impact_analysis", "execution_update", "position_stop_loss_update", "take_profit_execution",
    "risk_threshold_breach", "emergency_liquidation_trigger",
]  # fmt: skip
SCHEMA = msgspec.json.schema(ExecutionMessage)


def plain(text: str) -> str:
    return re.sub(r"//.*", "", text)


EXAMPLES = [plain(text) for text in AGREED.split("---")] + [msgspec.json.encode(one).decode() for one in OTHERS]


def resolved(schema: dict[str, Any]) -> dict[str, Any]:
    while "$ref" in schema:
        schema = SCHEMA["$defs"][schema["$ref"].rpartition("/")[2]]
    return schema


def keys(schema: dict[str, Any]) -> Any:
    """Every key that a schema knows, as nested as they are."""
    schema = resolved(schema)
    if "items" in schema:
        return [keys(schema["items"])]
    if "properties" not in schema:
        return None
    assert schema["additionalProperties"] is False
    return {name: keys(part) for name, part in schema["properties"].items()}


def keys_of(value: Any) -> Any:
    if isinstance(value, list):
        return [keys_of(value[0])]
    return {name: keys_of(part) for name, part in value.items()} if isinstance(value, dict) else None


@pytest.mark.parametrize(("name", "example"), list(zip(NAMES, EXAMPLES, strict=True)), ids=NAMES)
def test_an_example_is_read_and_written_again(name: str, example: str) -> None:
    message = msgspec.json.decode(example, type=ExecutionMessage)
    assert json.loads(msgspec.json.encode(message)) == json.loads(example)
    assert json.loads(example)["message_type"] == name
    assert msgspec.json.decode(msgspec.json.encode(message), type=ExecutionMessage) == message
    with pytest.raises(AttributeError, match="immutable"):
        message.agent = "other"  # pyright: ignore[reportAttributeAccessIssue] - that it cannot is the point


@pytest.mark.parametrize(("name", "example"), list(zip(NAMES, EXAMPLES, strict=True)), ids=NAMES)
def test_the_schema_has_the_keys_of_the_example_and_no_other(name: str, example: str) -> None:
    definition = {"$ref": SCHEMA["discriminator"]["mapping"][name]}
    assert keys(definition) == keys_of(json.loads(example))
    assert resolved(definition)["properties"]["message_type"] == {"enum": [name]}
    assert resolved(definition)["properties"]["agent"]["enum"] == ["ExecutionAgent"]


def test_the_schema_knows_seven_messages() -> None:
    assert list(SCHEMA["discriminator"]["mapping"]) == NAMES


@pytest.mark.parametrize(
    "change",
    [
        lambda raw: raw | {"agent": "RiskAgent"},
        lambda raw: raw | {"message_type": "status"},
        lambda raw: raw | {"more": 1},
        lambda raw: {name: part for name, part in raw.items() if name != "content"},
        lambda raw: raw | {"content": raw["content"] | {"quantity": "many"}},
        lambda raw: raw | {"content": raw["content"] | {"symbol": None}},
    ],
    ids=["agent", "type", "key", "missing", "kind", "null"],
)
def test_another_shape_is_refused(change: Any) -> None:
    raw = change(json.loads(EXAMPLES[2]))
    with pytest.raises(msgspec.ValidationError):
        msgspec.json.decode(json.dumps(raw), type=ExecutionMessage)
