"""Lasting objects are kept from the collector, and nothing else is."""

import gc
import weakref
from collections.abc import Iterator

import pytest

from mlops_platform.components.garbage_collection import lasting_objects


class Node:
    """Something that is in a circle, so that only the collector ends it."""

    def __init__(self) -> None:
        self.itself = self


@pytest.fixture(autouse=True)
def _unfrozen() -> Iterator[None]:
    yield
    gc.unfreeze()


def test_the_collector_rests_and_then_works_again() -> None:
    with lasting_objects():
        assert not gc.isenabled()
    assert gc.isenabled()
    assert gc.get_freeze_count() > 0


def test_what_an_earlier_loading_left_is_collected_after_the_next() -> None:
    with lasting_objects():
        node = Node()
    left = weakref.ref(node)
    del node
    gc.collect()
    assert left() is not None
    with lasting_objects():
        gc.collect()
    assert left() is None


def test_an_error_wakes_the_collector_and_freezes_nothing() -> None:
    with pytest.raises(ValueError, match="bad"), lasting_objects():
        raise ValueError("bad")
    assert gc.isenabled()
    assert gc.get_freeze_count() == 0


def test_a_collector_that_was_off_stays_off() -> None:
    gc.disable()
    try:
        with lasting_objects():
            pass
        assert not gc.isenabled()
    finally:
        gc.enable()
