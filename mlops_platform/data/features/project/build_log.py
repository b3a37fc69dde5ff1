"""dbt's log file, without the lines that nobody asked for."""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from logging.handlers import RotatingFileHandler
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

if TYPE_CHECKING:
    from dbt_common.events.base_types import EventMsg

NAME: Final = "dbt.log"
_BEGINS: Final = "MainReportVersion"
"""The first event of a call."""
_MOST_BYTES, _OLD_FILES = 10 * 1024 * 1024, 5
"""As dbt keeps them."""


@contextmanager
def logged_events(folder: Path) -> Iterator[list[Callable[[EventMsg], None]]]:
    """Callbacks of dbt that append what is worth a line to the log in a folder.

    dbt's own logger formats each debug event, in search of secrets, before it drops it.
    """
    folder.mkdir(parents=True, exist_ok=True)
    file = RotatingFileHandler(
        folder / NAME, maxBytes=_MOST_BYTES, backupCount=_OLD_FILES, encoding="utf-8", delay=True
    )

    def log(event: EventMsg) -> None:
        if event.info.level not in ("debug", "test"):
            line = logging.LogRecord(NAME, logging.INFO, "", 0, _line(event), None, None)
            file.handle(line)

    try:
        yield [log]
    finally:
        file.close()


def _line(event: EventMsg) -> str:
    from dbt_common.exceptions import env_secrets, scrub_secrets

    info: Any = event.info  # as protobuf has it, which declares nothing
    moment = info.ts.ToDatetime().isoformat()
    ruler = f"\n\n{'=' * 30} {moment} {'=' * 30}\n" if info.name == _BEGINS else ""
    return f"{ruler}{moment} [{info.level:<5}] {scrub_secrets(info.msg, env_secrets())}"
