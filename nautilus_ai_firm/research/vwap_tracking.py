"""Sessions of volume -> how well a day's VWAP is met: by the algorithm, along the curve of other days, and evenly."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from nautilus_ai_firm.data.catalog import Catalog
from nautilus_ai_firm.data.columns import BarColumns, Floats
from nautilus_ai_firm.data.session_volume import SessionVolume, session_volume
from nautilus_ai_firm.data.sessions import Sessions
from nautilus_ai_firm.durations import MINUTE_NS
from nautilus_ai_firm.models.execution.costs import square_root_impact
from nautilus_ai_firm.models.execution.schedules import Traded, VolumeWeighted, Window
from nautilus_ai_firm.models.execution.volume_curve import VolumeCurve, fit_volume_curve

BPS = 10_000.0
FEWEST_SESSIONS = 3
"""Two days to fit a curve on and one to hold out, three times."""
SCHEDULES = ("vwap", "curve", "even")
"""The schedule of the VWAP algorithm, which corrects the curve by the volume of the day; the curve; equal slices."""
_FINE = 1_000_000  # lots, so that rounding to lots is nothing


@dataclass(frozen=True, slots=True, kw_only=True)
class Tracking:
    """Each session held out in turn; arrays of shape (n_sessions, 3), in the order of `SCHEDULES`.

    Attributes
    ----------
    name : str
        Series.
    dates : tuple of str
        The sessions.
    error_bps : ndarray
        Average price of the schedule against the session's VWAP, basis points, signed.
    volume_error : ndarray
        Mean distance of the schedule's share from the share of volume traded by the end of each bin, a fraction.
    impact_bps : ndarray
        Impact of the schedule's slices by the square-root law, basis points of the order's value.

    """

    name: str
    dates: tuple[str, ...]
    error_bps: Floats
    volume_error: Floats
    impact_bps: Floats


def front_sessions(catalog: Catalog, series: Sequence[str], calendar: str, bin_minutes: int) -> SessionVolume:
    """Read sessions from a catalog, of several series (expiries) each day the one that traded most."""
    found: list[SessionVolume] = []
    for name in series:
        bars: BarColumns = catalog.bar_columns(name)
        sessions = Sessions.between(calendar, int(bars.ts_open_ns[0]), int(bars.ts_close_ns[-1]))
        found.append(session_volume(bars, sessions, bin_minutes))
    best: dict[str, tuple[float, int, int]] = {}
    for which, one in enumerate(found):
        for row, (date, total) in enumerate(zip(one.dates, one.volume.sum(axis=1).tolist(), strict=True)):
            best[str(date)] = max(best.get(str(date), (-1.0, 0, 0)), (total, which, row))
    picked = [best[date][1:] for date in sorted(best)]
    return SessionVolume(
        bin_minutes=bin_minutes,
        dates=np.array(sorted(best), dtype="datetime64[D]"),
        volume=np.stack([found[which].volume[row] for which, row in picked]),
        value=np.stack([found[which].value[row] for which, row in picked]),
        left_out=tuple(line for one in found for line in one.left_out if line[:10] not in best),
    )


def leave_one_out(name: str, tape: SessionVolume, *, participation: float, impact_coefficient: float) -> Tracking:
    """Hold out each session: fit the curve on all others, trade by each schedule, and compare with the VWAP.

    A slice trades at the VWAP of its bin, so what is measured is the schedule alone. Its impact is that of the
    square-root law on the volume that the bin had, with the volatility of the bins of the other sessions. What the
    algorithm corrects by is the volume of the bins that are over when a slice goes out.

    Parameters
    ----------
    name : str
        Of the series.
    tape : SessionVolume
        Three sessions or more.
    participation : float
        Size of the order over the volume of the held-out session.
    impact_coefficient : float
        Y of the law; with 0 there is no impact to save.

    Raises
    ------
    ValueError
        Fewer than three sessions.

    """
    n = len(tape.dates)
    if n < FEWEST_SESSIONS:
        raise ValueError(f"{name}: {n} sessions, allowed are {FEWEST_SESSIONS} or more")
    prices = _prices(tape)
    squares = np.square(np.diff(np.log(prices), axis=1)).mean(axis=1)
    error_bps, volume_error, impact_bps = np.zeros((3, n, len(SCHEDULES)))
    for day in range(n):
        others = np.arange(n) != day
        curve = fit_volume_curve(tape.volume[others], tape.bin_minutes)
        learnt = np.diff(curve.cumulative)
        corrected = _corrected(curve, tape.volume[day], float(tape.volume[others].sum(axis=1).mean()))
        volume, total = tape.volume[day], tape.volume[day].sum()
        vwap = tape.value[day].sum() / total
        volatility = float(np.sqrt(squares[others].mean()))
        for place, share in enumerate((corrected, learnt, np.full(len(learnt), 1 / len(learnt)))):
            error_bps[day, place] = BPS * (float((share * prices[day]).sum()) / vwap - 1)
            volume_error[day, place] = np.abs(np.cumsum(share) - np.cumsum(volume) / total)[:-1].mean()
            impact = [
                square_root_impact(quantity, traded, volatility, impact_coefficient)
                for quantity, traded in zip(participation * total * share, np.maximum(volume, 1.0), strict=True)
            ]
            impact_bps[day, place] = BPS * float((share * np.array(impact)).sum())
    return Tracking(
        name=name,
        dates=tuple(str(date) for date in tape.dates),
        error_bps=error_bps,
        volume_error=volume_error,
        impact_bps=impact_bps,
    )


def _corrected(curve: VolumeCurve, volume: Floats, average_volume: float) -> Floats:
    """Let the algorithm's schedule divide an order of a million lots, and return the share of each bin."""
    bins, bin_ns = len(volume), curve.bin_minutes * MINUTE_NS
    window = Window(total=_FINE, lot=1, start_ns=0, end_ns=bins * bin_ns, interval_ns=bin_ns)
    schedule = VolumeWeighted(window=window, curve=curve, open_ns=0, average_volume=average_volume)
    before = np.concatenate([[0.0], np.cumsum(volume)[:-1]]).tolist()
    due = [
        schedule.due(bin_ * bin_ns, Traded(since_start=seen, in_session=seen, known_ns=bin_ * bin_ns))
        for bin_, seen in enumerate(before)
    ]
    # what was due is not bought back where the day brings more volume than was expected
    return np.diff(np.maximum.accumulate([0, *due])) / _FINE


def _prices(tape: SessionVolume) -> Floats:
    """VWAP of each bin; of one without volume that of the bin before."""
    last = np.maximum.accumulate(np.where(tape.volume > 0, np.arange(tape.volume.shape[1]), 0), axis=1)
    return np.take_along_axis(tape.value / np.where(tape.volume > 0, tape.volume, 1.0), last, axis=1)


def day_interval(differences: Floats, seed: int, resamples: int = 10_000, confidence: float = 0.95) -> Floats:
    """Return the percentile interval of a mean over days, drawn again with replacement (Efron 1979), shape (2,)."""
    generator = np.random.Generator(np.random.Philox(seed))
    drawn = differences[generator.integers(0, len(differences), (resamples, len(differences)))].mean(axis=1)
    return np.quantile(drawn, [(1 - confidence) / 2, (1 + confidence) / 2])


def synthetic_tape(n_sessions: int, n_bins: int, edge: float, seed: int) -> SessionVolume:
    """Draw sessions whose volume is a U, `edge` times as high at both ends as in the middle, with noise on every bin.

    Prices are a random walk of 1 % a day. With an edge of 1 the volume is even and no curve can help.
    """
    generator = np.random.Generator(np.random.Philox(seed))
    place = np.linspace(-1, 1, n_bins)
    expected = 1 + (edge - 1) * place**2
    volume = np.ceil(1e5 * expected * generator.gamma(4, 0.25, (n_sessions, n_bins)))
    volume *= generator.lognormal(0, 0.3, (n_sessions, 1))
    steps = generator.normal(0, 0.01 / n_bins**0.5, (n_sessions, n_bins))
    return SessionVolume(
        bin_minutes=5,
        dates=np.datetime64("2020-01-01", "D") + np.arange(n_sessions),
        volume=volume,
        value=volume * 100 * np.exp(steps.cumsum(axis=1)),
        left_out=(),
    )
