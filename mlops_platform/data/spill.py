"""Where DuckDB puts what does not fit into its memory: folders of the home, one per engine."""

from __future__ import annotations

import os
import shutil
import socket
import time
from pathlib import Path
from typing import Final

ABANDONED_SECONDS: Final = 24 * 3600
"""A query that spills writes all the time: a folder that has not changed for so long has none."""


def spill_folder(root: Path, engine: str) -> Path:
    """The folder of one engine of this process, below a root that is made.

    DuckDB makes it when it has to spill, and removes it when the engine is closed. What engines
    left there that were killed is removed now.

    Args:
        engine: a name, because two of them must not share a folder; it is not open yet.
    """
    root.mkdir(parents=True, exist_ok=True)
    own = root / f"{_host()}{os.getpid()}.{engine}"
    for folder in root.iterdir():
        if folder == own or _is_abandoned(folder):
            shutil.rmtree(folder, ignore_errors=True)
    return own


def _is_abandoned(folder: Path) -> bool:
    """Whether its process is gone; of other machines, which share the home, by its age."""
    import psutil

    if folder.name.startswith(_host()):
        pid = folder.name.removeprefix(_host()).partition(".")[0]
        return not (pid.isdecimal() and psutil.pid_exists(int(pid)))
    try:
        changed = max(path.stat().st_mtime for path in (folder, *folder.iterdir()))
    except OSError:
        return False  # Its engine has just removed it, or a file of it.
    return time.time() - changed > ABANDONED_SECONDS


def _host() -> str:
    return f"{socket.gethostname()}-"
