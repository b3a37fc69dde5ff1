"""The garbage collector, while many objects are made that stay."""

import atexit
import gc
from collections.abc import Iterator
from contextlib import contextmanager


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
