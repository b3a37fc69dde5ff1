"""The lock of a landed table: who holds it delivers to it, or takes something out of it."""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Final

from mlops_platform.data.landing.deliveries import PARTITION_COLUMN
from mlops_platform.files import one_process_at_a_time

LOCK: Final = ".landing.lock"
ERASING: Final = "_erasing"
"""In a table's folder: files that take the place of those of the same path, all of them."""


@contextmanager
def table_lock(landing_root: Path, table: str) -> Iterator[None]:
    """Keep others out; what somebody had decided to take out and did not finish is taken out."""
    folder = landing_root / table
    with one_process_at_a_time(folder / LOCK):
        finish_erasing(folder)
        yield


def finish_erasing(folder: Path) -> None:
    """Put the files of an erasure in their places; called again, it goes on where it was."""
    erasing = folder / ERASING
    if not erasing.is_dir():
        return
    for file in sorted(path for path in erasing.rglob("*") if path.is_file()):
        place = folder / file.relative_to(erasing)
        if place.parent.is_dir():
            os.replace(file, place)
        elif not place.parent.parent.name.startswith(f"{PARTITION_COLUMN}="):
            place.parent.mkdir()
            os.replace(file, place)
        # A delivery that a person has removed meanwhile does not come back.
    shutil.rmtree(erasing)
