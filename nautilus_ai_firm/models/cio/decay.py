"""What is left of a view that was not said again."""

from nautilus_ai_firm.messages import Floats


def decayed(score: Floats, age_rounds: int, half_life_rounds: float) -> Floats:
    """Return the best guess of a score of which nothing was heard for some rounds.

    score 2^(-age / half-life): where scores wander back to 0 as an autoregression of that half-life, this is what they
    are expected to be (Gârleanu and Pedersen 2013, Journal of Finance 68, 6, call it the decay of alpha). Confidence
    stays as it was said: the guess pulls towards 0, so that an agent that fell silent leaves risk rather than keeps it.

    Parameters
    ----------
    score : ndarray of shape (n_instruments,)
        The score as it was said; NaN is no view, and remains none.
    age_rounds : int
        Rounds since the one that it is about, from 0.
    half_life_rounds : float
        Rounds in which it halves, above 0.

    Returns
    -------
    ndarray of shape (n_instruments,)
        In [-1, 1] where `score` is.

    Raises
    ------
    ValueError
        An age below 0, or a half-life that is not above 0.

    """
    if age_rounds < 0:
        raise ValueError(f"age_rounds is {age_rounds}, allowed is 0 or more")
    if not half_life_rounds > 0:
        raise ValueError(f"half_life_rounds is {half_life_rounds}, allowed is a number above 0")
    return score * 0.5 ** (age_rounds / half_life_rounds)
