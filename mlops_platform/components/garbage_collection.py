"""The garbage collector, while many objects are made that stay."""

import atexit
import gc
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from functools import lru_cache


def rest_from_full_collections() -> None:
    """Let the collector look through all objects a tenth as often; at recent ones as ever.

    A process that trains imports a million objects that stay. To look through all of them for
    garbage again and again was a quarter of what its imports took.
    """
    gc.set_threshold(*gc.get_threshold()[:2], 100)


@contextmanager
def lasting_objects() -> Iterator[None]:
    """What is made inside is not looked at by the collector, neither now nor later.

    Definitions live as long as their process. The collector, which sees ever more objects, walked
    through all of them again and again: for a quarter of the time that loading a hundred models
    took. What an earlier loading left is given back first, so that it can be collected.
    """
    was_enabled = gc.isenabled()
    gc.unfreeze()
    gc.disable()
    try:
        yield
        freeze_until_exit()
    finally:
        if was_enabled:
            gc.enable()


def freeze_until_exit() -> None:
    """Let no later collection look at what there is now; the last one, at the exit, does.

    What DuckDB holds would be there for ever otherwise, which it tells the console at the end.
    """
    atexit.unregister(gc.unfreeze)
    atexit.register(gc.unfreeze)
    gc.freeze()


def freeze_what_was_loaded() -> None:
    """Let no later collection look at modules that have come since the last call, and their kind.

    What is left in cycles until then is collected first, or it would stay with them. Where no
    module has come there is nothing else that stays, such as definitions or dbt's manifest, and
    nothing is done: to walk through all that there is takes as long as a small step.
    """
    _freeze(len(sys.modules))


@lru_cache(maxsize=1)
def _freeze(modules: int) -> None:
    gc.collect()
    freeze_until_exit()
