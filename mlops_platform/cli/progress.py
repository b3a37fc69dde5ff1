"""The phases of the demo on a console: a line for each that is over, and what runs now."""

from collections.abc import Iterator
from contextlib import contextmanager

from rich.console import Console
from rich.progress import Progress, SpinnerColumn, TextColumn, TimeElapsedColumn
from rich.table import Column

from mlops_platform.driving.driver import ReportStep

NAME_COLUMNS = 24


class ConsoleDisplay:
    """Prints one line per finished phase; a terminal also shows the phase and step that run now."""

    def __init__(self, console: Console) -> None:
        self._console = console

    @contextmanager
    def running(self, phase: str) -> Iterator[ReportStep]:
        """One line that is taken away when the phase ends; nothing where output is piped."""
        if not self._console.is_terminal:
            yield lambda step: None
            return
        live = Progress(
            SpinnerColumn(),
            TextColumn(f"{phase:<{NAME_COLUMNS}}", markup=False),
            TimeElapsedColumn(),
            TextColumn("[dim]{task.fields[step]}[/]", table_column=Column(no_wrap=True)),
            console=self._console,
            transient=True,
        )
        task = live.add_task(phase, step="")
        with live:
            yield lambda step: live.update(task, step=step)

    def ended(self, phase: str, seconds: float | None) -> None:
        """One line that stays."""
        took = "done before" if seconds is None else f"{seconds:.1f} s"
        self._console.print(f"[green]✓[/] {phase:<{NAME_COLUMNS}} {took:>11}", highlight=False)
