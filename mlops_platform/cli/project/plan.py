"""The files of a model: which there will be, and what is written of them."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING, Final

from rich.text import Text

from mlops_platform.cli.console import console, counted, say
from mlops_platform.errors import DataError

if TYPE_CHECKING:
    from mlops_platform.usecases.scaffold.journal.earlier import SchemaDifference
    from mlops_platform.usecases.scaffold.journal.planning import PlannedFile

STYLES: Final = {
    "new": "green",
    "changed": "yellow",
    "removed": "red",
    "edited": "magenta",
    "shared": "dim",
    "same": "dim",
}
WORDS: Final = {
    "edited": "edited by hand, left as it is",
    "shared": "of another model, left as it is",
    "same": "as it is",
}
DIFF_STYLES: Final = {"+": "green", "-": "red", "@": "cyan"}


def refuse_foreign(plan: Sequence[PlannedFile]) -> None:
    """Files of somebody else are not overwritten.

    Raises:
        DataError: there is one of the name of a file that would be written.
    """
    foreign = [file.path for file in plan if file.change == "foreign"]
    if foreign:
        raise DataError(
            f"{', '.join(foreign)}: there already, and not by `mlops init`. Choose another name "
            "with --name or --domain, or move what is there."
        )


def show_schema_difference(difference: SchemaDifference) -> None:
    """Columns that are new, gone, or of another type."""
    console.print()
    console.print(Text("The source has changed since:", "bold"))
    for column in difference.new:
        console.print(Text.assemble(("  + ", "green"), f"{column.name} ({column.type}) is new"))
    for column in difference.gone:
        console.print(Text.assemble(("  - ", "red"), f"{column.name} ({column.type}) is gone"))
    for name, then, now in difference.retyped:
        console.print(Text.assemble(("  ~ ", "yellow"), f"{name} was {then} and is {now}"))


def show_files(plan: Sequence[PlannedFile]) -> None:
    """One line for each."""
    console.print()
    for file in plan:
        word = WORDS.get(file.change, file.change)
        style = STYLES[file.change]
        console.print(
            Text.assemble((f"{word} ", style), file.path), soft_wrap=True, highlight=False
        )


def show_diff(plan: Sequence[PlannedFile]) -> None:
    """What would be written, as a unified diff that `patch -p0` takes."""
    for file in plan:
        if file.is_written:
            _show_lines(file.diff())


def show_missed_changes(plan: Sequence[PlannedFile]) -> None:
    """What is to be changed by hand, in files that are not overwritten."""
    for file in plan:
        lines = file.missed_change() if file.change in {"edited", "shared"} else []
        if lines:
            say(f"\n{file.path} is left as it is. By hand:")
            _show_lines(lines)


def _show_lines(lines: Iterable[str]) -> None:
    for line in lines:
        console.print(Text(line, DIFF_STYLES.get(line[:1], "")), soft_wrap=True)


def plan_text(plan: Sequence[PlannedFile]) -> str:
    """How many files are what."""
    counts = Counter[str](file.change for file in plan)
    parts = [
        f"{counted(counts[change], 'file')} {change}"
        for change in ("new", "changed", "removed")
        if counts[change]
    ]
    return ", ".join(parts) or "nothing to do"
