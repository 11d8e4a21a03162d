"""A parent that was interrupted, and the position since then -> what is left of it, and whether its time is over."""


def left_of(left: int, position_then: int, position_now: int) -> int | None:
    """Say what is left of a parent that had something left when it was last known.

    What the position has moved since is taken for fills of its children, which may have come while nobody listened.
    A position that moved the other way, or further than the parent could, was changed by somebody else: by a stop, by a
    person. Then the parent is not what was decided any more.

    Parameters
    ----------
    left : int
        What was left of it then, signed, instrument units, not zero.
    position_then, position_now : int
        Filled quantity of the instrument, signed.

    Returns
    -------
    int or None
        What is left now, signed; None where somebody else changed the position.

    """
    moved = position_now - position_then
    if moved * left < 0 or abs(moved) > abs(left):
        return None
    return left - moved


def is_in_time(now_ns: int, execution_ns: int, ends_ns: int, grace_ns: int) -> bool:
    """Say whether a parent may still go on.

    Parameters
    ----------
    now_ns : int
        The time, nanoseconds UTC.
    execution_ns : int
        Its earliest release, nanoseconds UTC.
    ends_ns : int
        When no slice of it is sent any more, nanoseconds UTC; 0 for one that goes out at once.
    grace_ns : int
        How late one that goes out at once may be, nanoseconds.

    """
    return now_ns < (ends_ns or execution_ns + grace_ns)
