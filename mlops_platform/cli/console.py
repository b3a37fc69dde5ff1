"""The one rich console of the command line, and its tables."""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager

from rich import box
from rich.console import Console
from rich.table import Table

NARROW = 100

console = Console()


@contextmanager
def quiet_console() -> Iterator[None]:
    """Print nothing meanwhile: what is read by another program is written past the console."""
    console.quiet = True
    try:
        yield
    finally:
        console.quiet = False


def folding_table(columns: Mapping[str, int | None]) -> Table:
    """A table that folds what a narrow terminal has no room for, and cuts nothing.

    Args:
        columns: headers, with the most characters that each may take on a narrow terminal.
    """
    table = Table(
        box=box.SIMPLE_HEAD, show_edge=False, pad_edge=False, padding=(0, 1, 0, 0), show_lines=True
    )
    for header, most in columns.items():
        width = most if console.width < NARROW else None
        table.add_column(header, overflow="fold", max_width=width)
    return table


def counted(number: int, thing: str) -> str:
    """A number of things, of which one has no `s`."""
    return f"{number} {thing}{'' if number == 1 else 's'}"


def say(text: str) -> None:
    """Print a text as it is; what is longer than a line is left to the terminal, to be copied."""
    console.print(text, highlight=False, markup=False, soft_wrap=True)
