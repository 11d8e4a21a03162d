"""The views of several agents become one view per instrument."""

import numpy as np

from nautilus_ai_firm.messages import Floats


def combine(scores: Floats, confidences: Floats, agent_weights: Floats) -> tuple[Floats, Floats]:
    """Average the scores of the agents that have a view, weighted by agent weight times confidence.

    Parameters
    ----------
    scores : ndarray of shape (n_agents, n_instruments)
        Scores in [-1, 1]; NaN is no view.
    confidences : ndarray of shape (n_agents, n_instruments)
        Confidences in [0, 1]; NaN is no view.
    agent_weights : ndarray of shape (n_agents,)
        Weights, finite and not negative; only their ratios matter.

    Returns
    -------
    combined : ndarray of shape (n_instruments,)
        Weighted mean score in [-1, 1], to rounding; NaN where no agent has a view of any confidence.
    parts : ndarray of shape (n_agents, n_instruments)
        Part of each agent; summed from the first row to the last they are exactly `combined`. An agent without a view
        has 0; where `combined` is NaN, all have NaN.

    Raises
    ------
    ValueError
        Shapes that do not fit, a weight that is negative or not finite, or a score or confidence out of range.

    Notes
    -----
    Confidence decides between agents, not how much is held: a single agent's score passes unchanged. The sum runs over
    rows in their given order, so equal inputs give equal bits.

    """
    if scores.shape != confidences.shape or scores.shape[:1] != agent_weights.shape:
        raise ValueError(
            f"scores {scores.shape}, confidences {confidences.shape} and agent_weights {agent_weights.shape} do not fit"
        )
    if not bool(np.all(np.isfinite(agent_weights) & (agent_weights >= 0))):
        raise ValueError(f"agent_weights are {agent_weights.tolist()}, allowed are finite numbers from 0")
    if bool(np.any((np.abs(scores) > 1) | (confidences < 0) | (confidences > 1))):
        raise ValueError("a score is outside [-1, 1] or a confidence outside [0, 1]")
    weights = np.where(np.isnan(scores) | np.isnan(confidences), 0.0, agent_weights[:, np.newaxis] * confidences)
    total = np.zeros(scores.shape[1])
    for row in weights:
        total = total + row
    shares = weights / np.where(total > 0, total, np.nan)
    parts = shares * np.where(weights > 0, scores, 0.0)
    combined = np.where(total > 0, 0.0, np.nan)
    for row in parts:
        combined = combined + row
    return combined, parts
