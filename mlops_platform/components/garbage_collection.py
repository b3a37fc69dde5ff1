"""The garbage collector, while many objects are made that stay."""

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
        gc.freeze()
    finally:
        if was_enabled:
            gc.enable()
