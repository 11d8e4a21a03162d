"""A parent quantity becomes a schedule of equal slices (TWAP)."""


def n_slices(start_ns: int, end_ns: int, interval_ns: int) -> int:
    """Return the number of slices: one at the start of each interval that begins before the end, at least one.

    Parameters
    ----------
    start_ns, end_ns : int
        First and last moment of the schedule, nanoseconds UTC.
    interval_ns : int
        Time between slices, nanoseconds, above 0.

    Raises
    ------
    ValueError
        An end before the start, or an interval that is not above 0.

    """
    if interval_ns <= 0 or end_ns < start_ns:
        raise ValueError(f"no schedule from {start_ns} to {end_ns} in steps of {interval_ns} nanoseconds")
    return max(1, -((start_ns - end_ns) // interval_ns))


def due_quantity(total: int, lot: int, start_ns: int, end_ns: int, interval_ns: int, now_ns: int) -> int:
    """Return how much of a parent should have been sent by now.

    With m of n slices due, m / n of all lots, rounded half up. The sum of the slices is exact, no slice differs from
    another by more than one lot, and the schedule is never more than half a lot from a straight line: the remainder of
    the division is spread over the slices instead of being sent first or last.

    Parameters
    ----------
    total : int
        Quantity of the parent, unsigned, whole lots.
    lot : int
        Smallest tradable step, above 0.
    start_ns, end_ns, interval_ns : int
        Schedule as in `n_slices`; the first slice is due at the start.
    now_ns : int
        Present moment, nanoseconds UTC.

    Returns
    -------
    int
        Cumulative quantity, whole lots: 0 before the start, `total` at and after the end.

    Raises
    ------
    ValueError
        A total that is negative or not whole lots, or no schedule.

    """
    if total < 0 or lot <= 0 or total % lot:
        raise ValueError(f"total is {total}, allowed are multiples of the lot {lot} from 0")
    slices = n_slices(start_ns, end_ns, interval_ns)
    if now_ns < start_ns:
        return 0
    if now_ns >= end_ns:
        return total
    due = min(slices, (now_ns - start_ns) // interval_ns + 1)
    return (2 * due * (total // lot) + slices) // (2 * slices) * lot
