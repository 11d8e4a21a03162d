"""A number of days -> windows that walk through them: train, wait, test.

Pardo, "The Evaluation and Optimization of Trading Strategies" (2008), chapter 11; purging and embargo after López de
Prado, "Advances in Financial Machine Learning" (2018), chapter 7, for a training that always lies before its test.
"""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class WalkWindow:
    """Days of one step, as half-open ranges of places.

    Attributes
    ----------
    train_begin, train_end : int
        First day of the training, and the day after its last.
    test_begin, test_end : int
        The same of the test.

    """

    train_begin: int
    train_end: int
    test_begin: int
    test_end: int


def walk_windows(
    days: int, *, train: int, test: int, purge: int = 0, embargo: int = 0, anchored: bool = False
) -> tuple[WalkWindow, ...]:
    """Cut days into windows whose tests follow each other without a gap.

    Parameters
    ----------
    days : int
        How many there are.
    train : int
        Days from the begin of a training to the end of what is purged from it, at least 1 more than `purge`; where it
        is anchored, of the first training.
    test : int
        Days of a test, at least 1; the last one has what is left, if that is at least half of it, else it is left out.
    purge : int
        Days at the end of a training that are not trained on: outcomes of decisions made there reach beyond it.
    embargo : int
        Days between a training and its test: what is known on one day is still in the features of the next ones.
    anchored : bool
        Whether every training begins at the first day; else it rolls.

    Returns
    -------
    tuple of WalkWindow
        Ascending in time; every training ends at least `purge + embargo` days before its test begins.

    Raises
    ------
    ValueError
        A length is out of range, or there are too few days for one window.

    """
    if test < 1 or purge < 0 or embargo < 0 or train <= purge:
        raise ValueError(
            f"train {train}, test {test}, purge {purge}, embargo {embargo} days "
            "(allowed: a test of at least 1, a training longer than its purge, nothing below 0)"
        )
    first = train + embargo
    least = -(-test // 2)
    if days < first + least:
        raise ValueError(
            f"{days} days are too few: one window of train {train}, embargo {embargo} and at least half of a test of "
            f"{test} takes {first + least}"
        )
    begins = [begin for begin in range(first, days, test) if days - begin >= least]
    return tuple(
        WalkWindow(
            train_begin=0 if anchored else begin - first,
            train_end=begin - embargo - purge,
            test_begin=begin,
            test_end=min(begin + test, days),
        )
        for begin in begins
    )
