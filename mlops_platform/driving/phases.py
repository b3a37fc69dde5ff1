"""The phases of a replay: what runs now, and what each took, over interruptions."""

import json
import time
from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path
from typing import Protocol

from mlops_platform.driving.driver import ReportStep
from mlops_platform.files import write_json


class Display(Protocol):
    """Where phases are shown."""

    def running(self, phase: str) -> AbstractContextManager[ReportStep]:
        """Show a phase while it runs; gives what to call with the step that runs now."""

    def ended(self, phase: str, seconds: float | None) -> None:
        """Show that a phase is over; `seconds` is None where an earlier call has finished it."""


@contextmanager
def timed_phase(display: Display, name: str) -> Iterator[ReportStep]:
    """Show a phase while it runs, and what it took; yields what to call with the present step."""
    started = time.perf_counter()
    with display.running(name) as report:
        yield report
    display.ended(name, time.perf_counter() - started)


class Phases:
    """Shows phases while they run; remembers their seconds, so that an interrupted replay adds up.

    Args:
        seconds_file: JSON of seconds by phase, of this and of earlier calls.
    """

    def __init__(self, seconds_file: Path, display: Display) -> None:
        self._seconds_file = seconds_file
        self._display = display

    @contextmanager
    def phase(self, name: str) -> Iterator[ReportStep]:
        """Show a phase while it runs; yields what to call with the step that runs now."""
        with self._display.running(name) as report, self.part(name):
            yield report
        self._display.ended(name, self.seconds()[name])

    @contextmanager
    def part(self, name: str) -> Iterator[None]:
        """Remember the seconds of something that is not shown by itself."""
        started = time.perf_counter()
        yield
        seconds = {**self.seconds(), name: round(time.perf_counter() - started, 2)}
        write_json(self._seconds_file, seconds)

    def has_seconds(self, name: str) -> bool:
        """Whether an earlier call has finished it."""
        return name in self.seconds()

    def done_before(self, name: str) -> None:
        """Show a phase that an earlier call has finished."""
        self._display.ended(name, None)

    def seconds(self) -> dict[str, float]:
        """Seconds by phase, each of the last call that did something in it."""
        if not self._seconds_file.is_file():
            return {}
        known: dict[str, float] = json.loads(self._seconds_file.read_text())
        return known
