"""The live display of the demo, and its seconds by phase."""

import json
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from rich.progress import Progress, SpinnerColumn, TextColumn, TimeElapsedColumn

from mlops_platform.cli.console import console
from mlops_platform.components.driver import ReportStep
from mlops_platform.files import write_json


class DemoProgress:
    """Shows phases while they run; remembers their seconds, so that an interrupted demo adds up.

    Args:
        seconds_file: JSON of seconds by phase, of this and of earlier calls.
    """

    def __init__(self, seconds_file: Path) -> None:
        self._seconds_file = seconds_file
        self._progress = Progress(
            SpinnerColumn(finished_text="[green]✓[/]"),
            TextColumn("{task.description:<26}"),
            TimeElapsedColumn(),
            TextColumn("[dim]{task.fields[step]}[/]"),
            console=console,
        )

    def shown(self) -> Progress:
        """The live display, as a context manager."""
        return self._progress

    @contextmanager
    def phase(self, name: str) -> Iterator[ReportStep]:
        """Show a phase while it runs; yields what to call with the step that runs now."""
        task = self._progress.add_task(name, total=1, step="")
        with self.part(name):
            yield lambda step: self._progress.update(task, step=step)
        self._progress.update(task, completed=1, step="")

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
        task = self._progress.add_task(name, total=1, step="done before")
        self._progress.update(task, completed=1)  # only an update finishes a task

    def seconds(self) -> dict[str, float]:
        """Seconds by phase, each of the last call that did something in it."""
        if not self._seconds_file.is_file():
            return {}
        known: dict[str, float] = json.loads(self._seconds_file.read_text())
        return known
