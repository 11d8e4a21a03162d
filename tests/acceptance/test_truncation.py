"""What is not known yet decides nothing: with the future cut away from the sources, the past stays as it was."""

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

from nautilus_ai_firm.data import demo
from nautilus_ai_firm.data.catalog import Catalog
from nautilus_ai_firm.data.demo import DemoSources, load_sources, write_demo
from nautilus_ai_firm.models.signals import momentum
from nautilus_ai_firm.runs.folder import Run
from nautilus_ai_firm.settings import load
from tests.firm_runs import DAY_NS, ROOT, Market, Past, run, settings, synthetic_market

CUTS = 20
DECISIONS, FILLS = 500, 50  # that lie before the earliest cut
SYMBOLS = ("A", "B")
CONTROL_SESSIONS = 120


def pasts(whole: Run, cut: Run) -> tuple[Past, Past]:
    """What both runs did up to the last round of the shorter one."""
    until_ns = int(cut.table("equity")["ts"].iloc[-1].value)
    return Past.of(whole, until_ns), Past.of(cut, until_ns)


def assert_same_past(whole: Run, cut: Run) -> None:
    ours, theirs = pasts(whole, cut)
    assert cut.summary["rounds"] < whole.summary["rounds"]
    assert theirs.decided == ours.decided
    assert theirs.traded == ours.traded
    assert cut.summary["decisions"] > DECISIONS
    assert len(theirs.traded) > FILLS


# --- Synthetic series ---------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def market() -> Market:
    return synthetic_market(SYMBOLS, 560)


@pytest.fixture(scope="module")
def whole(market: Market, tmp_path_factory: pytest.TempPathFactory) -> Run:
    folder = tmp_path_factory.mktemp("whole")
    return run(settings(SYMBOLS), market.write(folder / "catalog"), folder / "run")


# most of them in make test-all: the demonstration below takes all of its own dates each time
SYNTHETIC_CUTS = [pytest.param(number, marks=[pytest.mark.slow] if number >= 4 else []) for number in range(CUTS)]


@pytest.mark.parametrize("number", SYNTHETIC_CUTS)
def test_decisions_and_fills_before_a_cut_stay_as_they_were(
    market: Market, whole: Run, tmp_path: Path, number: int
) -> None:
    closes = market.closes()
    first, last = int(closes[DECISIONS + 2]), int(closes[-2])
    cut_ns = int(np.random.default_rng([1, number]).integers(first, last))
    assert_same_past(whole, run(settings(SYMBOLS), market.cut(cut_ns).write(tmp_path / "catalog"), tmp_path / "run"))


type Plant = Callable[[Market], None]


class Spoilt(momentum.Model):
    """A momentum model that was told more than the snapshot."""

    closes: np.ndarray
    times: np.ndarray

    @classmethod
    def told(cls, market: Market) -> None:
        cls.closes = np.stack([market.bars[symbol].close for symbol in SYMBOLS])
        cls.times = market.bars[SYMBOLS[0]].ts_close_ns


class FutureBar(Spoilt):
    """Knows the next close."""

    def update(self, market: Any) -> tuple[Any, Any]:
        _, sure = super().update(market)
        later = min(int(np.searchsorted(self.times, market.ts_event)) + 1, len(self.times) - 1)
        return np.sign(self.closes[:, later] - market.close), sure


class FullSample(Spoilt):
    """Takes mean and deviation from the whole sample, as in a notebook."""

    def update(self, market: Any) -> tuple[Any, Any]:
        _, sure = super().update(market)
        score = (self.closes.mean(axis=1) - market.close) / (3 * self.closes.std(axis=1))
        return np.clip(score, -1, 1), sure


@pytest.mark.parametrize("model", [FutureBar, FullSample])
def test_a_planted_look_ahead_shows(model: type[Spoilt], tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    market = synthetic_market(SYMBOLS, CONTROL_SESSIONS)
    monkeypatch.setattr(momentum, "Model", model)
    ours, theirs = pasts(*both(market, market.cut(int(market.closes()[100])), tmp_path, model.told))
    assert theirs.decided != ours.decided


def test_a_planted_early_time_stamp_of_a_macro_figure_shows(tmp_path: Path) -> None:
    def early(market: Market) -> Market:
        oil = market.macro["wti"]
        stamps = replace(oil, ts_event_ns=oil.ts_event_ns - 3 * DAY_NS, ts_init_ns=oil.ts_init_ns - 3 * DAY_NS)
        return replace(market, macro=market.macro | {"wti": stamps})

    market = synthetic_market(SYMBOLS, CONTROL_SESSIONS)
    cut = market.cut(int(market.closes()[100]))
    honest_whole, honest_cut = pasts(*both(market, cut, tmp_path / "honest"))
    assert honest_whole == honest_cut
    ours, theirs = pasts(*both(early(market), early(cut), tmp_path / "early"))
    assert theirs.decided != ours.decided


def both(whole: Market, cut: Market, folder: Path, plant: Plant = lambda _market: None) -> tuple[Run, Run]:
    results: list[Run] = []
    for name, market in (("whole", whole), ("cut", cut)):
        plant(market)
        results.append(run(settings(SYMBOLS), market.write(folder / name / "catalog"), folder / name / "run"))
    return results[0], results[1]


# --- The demonstration catalog, made anew from cut sources --------------------------------------------------------


@pytest.fixture(scope="module")
def sources() -> DemoSources:
    return load_sources()


def up_to(sources: DemoSources, day: pd.Timestamp) -> DemoSources:
    """Every row that could be known on this day; the monthly figures stand at the first of the month they average."""
    frames = {name: frame.loc[:day] for name, frame in sources.frames.items()}
    monthly = sources.frames[demo.CREDIT_SPREAD]
    return DemoSources(frames | {demo.CREDIT_SPREAD: monthly.loc[monthly.index < day.replace(day=1)]})


def demo_run(sources: DemoSources, folder: Path) -> Run:
    catalog = folder / "catalog"
    write_demo(Catalog(catalog), sources)
    return run(load(ROOT / "configs" / "demo.toml"), catalog, folder / "run")


@pytest.fixture(scope="module")
def whole_demo(sources: DemoSources, tmp_path_factory: pytest.TempPathFactory) -> Run:
    return demo_run(sources, tmp_path_factory.mktemp("demo"))


def random_days(whole: Run, number: int, earliest: int, latest: int) -> pd.Timestamp:
    rounds = whole.table("equity")["ts"]
    place = int(np.random.default_rng([2, number]).integers(earliest, latest))
    return rounds.iloc[place].tz_localize(None).normalize()


DEMONSTRATION_CUTS = [pytest.param(number, marks=[pytest.mark.slow] if number >= 4 else []) for number in range(CUTS)]


@pytest.mark.parametrize("number", DEMONSTRATION_CUTS)
def test_the_demonstration_from_cut_sources_has_the_same_past(
    sources: DemoSources, whole_demo: Run, tmp_path: Path, number: int
) -> None:
    day = random_days(whole_demo, number, DECISIONS + 2, DECISIONS + 120)
    assert_same_past(whole_demo, demo_run(up_to(sources, day), tmp_path))


@pytest.mark.slow
@pytest.mark.parametrize("number", range(CUTS, 2 * CUTS))
def test_the_demonstration_cut_anywhere_has_the_same_past(
    sources: DemoSources, whole_demo: Run, tmp_path: Path, number: int
) -> None:
    day = random_days(whole_demo, number, DECISIONS + 2, whole_demo.summary["rounds"] - 1)
    assert_same_past(whole_demo, demo_run(up_to(sources, day), tmp_path))


def test_a_monthly_figure_stamped_in_its_own_month_shows(
    sources: DemoSources, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def in_its_own_month(months: Any, _calendar: str) -> tuple[Any, Any]:
        starts = months.astype("datetime64[M]").astype("datetime64[ns]").astype(np.int64)
        return starts, starts

    monkeypatch.setattr(demo, "monthly", in_its_own_month)
    until, cut = pd.to_datetime(["2006-07-03", "2006-06-20"])
    ours = demo_run(up_to(sources, until), tmp_path / "longer")
    theirs = demo_run(up_to(sources, cut), tmp_path / "shorter")
    longer, shorter = pasts(ours, theirs)
    assert shorter.decided != longer.decided
