"""Settings -> what acts without a decision, in words that a person can check: stops, a halt, limits on new risk."""

from nautilus_ai_firm.settings import Firm, Stops


def safety_rows(firm: Firm) -> list[tuple[str, str]]:
    """Say what protects the firm beside its limits: each with a name."""
    halt = "closes every position" if firm.risk.kill_switch_flattens else "holds every position"
    return [
        ("stops", "none" if firm.risk.stops is None else _stops(firm.risk.stops)),
        ("halt", f"{halt}; reducing orders {'pass' if firm.risk.halt_allows_reducing else 'do not pass'}"),
        ("new risk", _new_risk(firm)),
    ]


def _stops(stops: Stops) -> str:
    first = f"{stops.initial_atr:g} true ranges" if stops.initial_atr else f"{stops.initial_fraction or 0.0:.1%}"
    said = [f"{first} from the entry"]
    if stops.trailing_atr is not None:
        said.append(f"trailing {stops.trailing_atr:g} true ranges")
    if stops.break_even_gain is not None:
        said.append(f"break-even from a gain of {stops.break_even_gain:.1%}")
    if stops.max_rounds is not None:
        said.append(f"closed after {stops.max_rounds:,} rounds")
    where = "resting at the venue" if stops.working == "venue" else "watched by the firm"
    return f"{', '.join(said)}; {where}; then {stops.cool_down_rounds:,} rounds without new exposure"


def _new_risk(firm: Firm) -> str:
    gate, said = firm.execution.gate, list[str]()
    if gate.max_new_parents is not None:
        said.append(f"{gate.max_new_parents:,} orders in {gate.new_parents_window_seconds:,} s")
    if gate.min_new_parent_spacing_ms:
        said.append(f"{gate.min_new_parent_spacing_ms:,} ms apart")
    if gate.max_repeats is not None:
        said.append(f"{gate.max_repeats:,} of the same in {gate.repeat_window_seconds:,} s, then a halt")
    return ", ".join(said) or "limited by max_messages alone"
