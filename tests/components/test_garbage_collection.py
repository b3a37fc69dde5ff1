"""Lasting objects are kept from the collector, and nothing else is."""

import gc
import subprocess
import sys
import weakref
from collections.abc import Iterator
from types import ModuleType

import pytest

from mlops_platform.components.garbage_collection import (
    freeze_what_was_loaded,
    lasting_objects,
    rest_from_full_collections,
)


class Node:
    """Something that is in a circle, so that only the collector ends it."""

    def __init__(self) -> None:
        self.itself = self


@pytest.fixture(autouse=True)
def _as_before() -> Iterator[None]:
    thresholds = gc.get_threshold()
    yield
    gc.unfreeze()
    gc.set_threshold(*thresholds)


def test_full_collections_are_rarer_and_others_as_often_as_before() -> None:
    gc.set_threshold(600, 9, 8)
    rest_from_full_collections()
    assert gc.get_threshold() == (600, 9, 100)


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


def test_where_no_module_has_come_nothing_is_walked_through(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    freeze_what_was_loaded()
    node = Node()
    left = weakref.ref(node)
    del node
    freeze_what_was_loaded()
    assert left() is not None
    monkeypatch.setitem(sys.modules, "a_module_that_has_come", ModuleType("it"))
    freeze_what_was_loaded()
    assert left() is None
    assert gc.get_freeze_count() > 0


def test_a_collector_that_was_off_stays_off() -> None:
    gc.disable()
    try:
        with lasting_objects():
            pass
        assert not gc.isenabled()
    finally:
        gc.enable()


QUITS = """
import duckdb
from mlops_platform.components.garbage_collection import freeze_until_exit

class Holder:
    def __init__(self, connection):
        self.itself, self.connection = self, connection

Holder(duckdb.connect())
freeze_until_exit()
"""


def test_what_is_frozen_is_given_back_at_the_exit_and_duckdb_tells_of_no_leak() -> None:
    finished = subprocess.run(
        [sys.executable, "-c", QUITS], capture_output=True, text=True, check=True
    )
    assert finished.stderr == ""
