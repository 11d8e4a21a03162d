"""Faults that let a firm know the future, one of each kind, planted where such faults are made."""

from dataclasses import replace

import numpy as np

from nautilus_ai_firm.data import catalog as catalog_module
from nautilus_ai_firm.data.catalog import Catalog
from nautilus_ai_firm.hosts.universe import bar_names
from nautilus_ai_firm.models.signals import momentum
from nautilus_ai_firm.research.lookahead import audit
from tests.firm_runs import INDEX


class Told(momentum.Model):
    """A momentum model that was told all closes of the catalog, those of the future too."""

    closes: np.ndarray
    times: np.ndarray

    @classmethod
    def tell(cls, study, market):
        bars = [market.bar_columns(name) for name in bar_names(study.loaded.firm)]
        cls.closes, cls.times = np.stack([one.close for one in bars]), bars[0].ts_close_ns


class FutureBar(Told):
    """Knows the next close."""

    def update(self, market):
        _, sure = super().update(market)
        later = min(int(np.searchsorted(self.times, market.ts_event)) + 1, len(self.times) - 1)
        return np.sign(self.closes[:, later] - market.close), sure


class FullSample(Told):
    """Takes mean and deviation from the whole sample, as in a notebook."""

    def update(self, market):
        _, sure = super().update(market)
        score = (self.closes.mean(axis=1) - market.close) / (3 * self.closes.std(axis=1))
        return np.clip(score, -1, 1), sure


def _seated(model):
    def plant(monkeypatch):
        prepare = audit.prepare

        def told(study, market):
            model.tell(study, market)
            return prepare(study, market)

        monkeypatch.setattr(audit, "prepare", told)
        monkeypatch.setattr(momentum, "Model", model)

    return plant


def future_bar(monkeypatch):
    _seated(FutureBar)(monkeypatch)


def full_sample(monkeypatch):
    _seated(FullSample)(monkeypatch)


def stamp_a_day_early(monkeypatch):
    """The index goes out under the time of the bar before: the firm sees tomorrow's close today."""
    honest = catalog_module.bar_objects

    def early(name, bars, precision):
        if name.startswith(INDEX) and len(bars) > 1:
            bars = replace(
                bars, close=np.append(bars.close[1:], bars.close[-1]), high=bars.high + 1e3, low=bars.low / 10
            )
        return honest(name, bars, precision)

    monkeypatch.setattr(catalog_module, "bar_objects", early)


def publish_at_the_end_of_the_period(monkeypatch):
    """A figure is known when its day is over, not when it comes out, a day later."""
    honest = Catalog.observation_columns

    def early(self, name):
        published = honest(self, name)
        return replace(published, ts_init_ns=published.ts_event_ns) if name == "wti" else published

    monkeypatch.setattr(Catalog, "observation_columns", early)


def fill_at_the_close(monkeypatch):
    """What opens a bar is the close of the one before: orders fill at the price that they were decided on."""
    honest = catalog_module.opening_tick_objects

    def stale(name, bars, precision):
        return honest(name, replace(bars, open=np.append(bars.open[:1], bars.close[:-1])), precision)

    monkeypatch.setattr(catalog_module, "opening_tick_objects", stale)
