import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from nautilus_ai_firm.models.execution.volume_curve import VolumeCurve, fit_volume_curve, uniform_curve


@st.composite
def tapes(draw):
    """Volumes of sessions x bins, each session with some volume."""
    n_sessions, n_bins = draw(st.integers(1, 6)), draw(st.integers(1, 12))
    generator = np.random.default_rng(draw(st.integers(0, 2**32)))
    return np.floor(generator.gamma(0.7, 1000, (n_sessions, n_bins))) + float(generator.integers(1, 3))


def test_worked_example():
    """Shares 0.5, 0.2, 0.3 and 0.3, 0.4, 0.3: the large session counts as much as the small one."""
    curve = fit_volume_curve(np.array([[50.0, 20.0, 30.0], [3000.0, 4000.0, 3000.0]]), 130)
    assert curve.cumulative == pytest.approx([0, 0.4, 0.7, 1])
    assert curve.traded_by(65) == pytest.approx(0.2)
    assert curve.traded_by(130) == pytest.approx(0.4)
    assert curve.traded_by(195) == pytest.approx(0.55)


def test_a_session_that_knows_less_is_scaled_by_what_it_knows():
    """The second session knows the first two bins alone, 40 % of its day: it traded 2,000 in all."""
    whole, torn = [100.0, 300.0, 600.0], [200.0, 600.0, np.nan]
    curve = fit_volume_curve(np.array([whole, torn]), 1)
    assert curve.cumulative == pytest.approx([0, 0.1, 0.4, 1])
    naive = np.nanmean(np.array([whole, torn]) / np.nansum([whole, torn], axis=1, keepdims=True), axis=0)
    assert naive[0] != pytest.approx(0.1, rel=0.5)  # the control


@given(tapes())
def test_known_volumes_give_the_mean_of_the_sessions_shares(volume):
    expected = (volume / volume.sum(axis=1, keepdims=True)).mean(axis=0)
    assert np.diff(fit_volume_curve(volume, 5).cumulative) == pytest.approx(expected, abs=1e-9)


@given(tapes(), st.floats(0.001, 1000))
def test_what_a_session_traded_in_all_does_not_matter(volume, factor):
    other = volume.copy()
    other[0] *= factor
    assert fit_volume_curve(other, 5).cumulative == pytest.approx(fit_volume_curve(volume, 5).cumulative, abs=1e-9)


@given(tapes(), st.integers(0, 2**32))
def test_the_order_of_sessions_does_not_matter(volume, seed):
    shuffled = volume[np.random.default_rng(seed).permutation(len(volume))]
    assert fit_volume_curve(shuffled, 5).cumulative == pytest.approx(fit_volume_curve(volume, 5).cumulative, abs=1e-9)


@given(tapes(), st.integers(0, 2**32), st.floats(0.05, 1))
def test_unknown_bins_of_sessions_of_one_shape_change_nothing(volume, seed, known_share):
    shape = volume[0] + 1.0
    same = np.arange(1, len(volume) + 2, dtype=np.float64)[:, np.newaxis] * shape
    same[1:][np.random.default_rng(seed).random(same[1:].shape) > known_share] = np.nan
    expected = np.concatenate([[0], shape.cumsum() / shape.sum()])
    assert fit_volume_curve(same, 5).cumulative == pytest.approx(expected, abs=1e-6)


@given(tapes(), st.lists(st.floats(-100, 200), min_size=2, max_size=10))
def test_the_curve_never_falls_and_stays_within_0_and_1(volume, minutes):
    curve = fit_volume_curve(volume, 7)
    shares = [curve.traded_by(minute) for minute in sorted(minutes)]
    assert shares == sorted(shares)
    assert all(0 <= share <= 1 for share in shares)
    n = len(curve.cumulative) - 1
    assert [curve.traded_by(7 * k) for k in range(n + 1)] == pytest.approx(curve.cumulative.tolist(), abs=1e-15)
    assert curve.traded_by(-1) == curve.traded_by(0) == 0
    assert curve.traded_by(7 * n) == curve.traded_by(1e9) == 1


def test_an_even_volume_is_a_straight_line():
    curve = uniform_curve(78, 5)
    assert [curve.traded_by(minute) for minute in (39, 195, 351)] == pytest.approx([0.1, 0.5, 0.9])
    assert fit_volume_curve(np.full((3, 78), 5.0), 5).cumulative == pytest.approx(curve.cumulative)


def test_sessions_without_volume_do_not_count():
    volume = np.array([[0.0, 0.0], [1.0, 3.0], [np.nan, np.nan]])
    assert fit_volume_curve(volume, 1).cumulative == pytest.approx([0, 0.25, 1])


def test_a_curve_cannot_be_changed():
    with pytest.raises(ValueError, match="read-only"):
        uniform_curve(3, 1).cumulative[1] = 0.9


@pytest.mark.parametrize(
    ("volume", "message"),
    [
        (np.zeros((2, 3)), "0 of 2 sessions"),
        (np.array([[1.0, np.nan]]), "do not know every bin"),
        (np.array([[1.0, -1.0]]), "each NaN or from 0"),
        (np.array([[1.0, np.inf]]), "each NaN or from 0"),
        (np.ones(3), "sessions x bins"),
    ],
)
def test_volumes_that_tell_no_curve_are_refused(volume, message):
    with pytest.raises(ValueError, match=message):
        fit_volume_curve(volume, 5)


@pytest.mark.parametrize(
    ("bin_minutes", "cumulative"),
    [(0, [0.0, 1.0]), (5, [1.0]), (5, [0.0, 0.7, 0.6, 1.0]), (5, [0.1, 1.0]), (5, [0.0, 0.9]), (5, [0.0, np.nan, 1.0])],
)
def test_no_curve_is_refused(bin_minutes, cumulative):
    with pytest.raises(ValueError, match=r"no curve|do not run"):
        VolumeCurve(bin_minutes, np.array(cumulative))
