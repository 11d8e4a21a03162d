"""Between chunks what is new is collected; on its own the collector does nothing, and afterwards it is as it was."""

import gc
import weakref

import pytest

from nautilus_ai_firm.hosts.garbage import collect_new, collected_by_chunk


class Knot:
    """Refers to itself, so that only the collector ends it."""

    def __init__(self) -> None:
        self.itself = self


@pytest.fixture(autouse=True)
def _as_it_was():
    """The collector of the test run is off: on, it would drop what the engine made in whatever thread it is met."""
    was_on = gc.isenabled()
    yield
    (gc.enable if was_on else gc.disable)()


def test_a_cycle_lives_until_the_new_is_collected():
    with collected_by_chunk():
        knot = weakref.ref(Knot())
        many = [[] for _ in range(100_000)]  # far above every threshold of the collector
        assert knot() is not None
        collect_new()
        assert knot() is None
        assert len(many) == 100_000


@pytest.mark.parametrize("on", [True, False])
def test_the_collector_is_left_as_it_was_found_even_by_an_error(on):
    (gc.enable if on else gc.disable)()
    with pytest.raises(ValueError, match="stop"), collected_by_chunk():
        raise ValueError("stop while the collector is off" if not gc.isenabled() else "on")
    assert gc.isenabled() is on
