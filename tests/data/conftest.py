"""Small catalogs and the sources of the demonstration, read once."""

from pathlib import Path

import pytest

from nautilus_ai_firm.data.catalog import Catalog
from nautilus_ai_firm.data.demo import DemoSources, load_sources, write_demo
from nautilus_ai_firm.data.synthetic import synthetic_bars, write_synthetic


@pytest.fixture(scope="session")
def sources() -> DemoSources:
    return load_sources()


@pytest.fixture(scope="session")
def demo_catalog(sources: DemoSources, tmp_path_factory: pytest.TempPathFactory) -> Catalog:
    catalog = Catalog(tmp_path_factory.mktemp("demo"))
    write_demo(catalog, sources)
    return catalog


@pytest.fixture
def small_catalog(tmp_path: Path) -> Catalog:
    catalog = Catalog(tmp_path / "catalog")
    write_synthetic(catalog, synthetic_bars(("AAA", "BBB"), 30, seed=1))
    return catalog
