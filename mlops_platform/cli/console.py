"""The one rich console of the command line, and its tables."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any, TypeVar

import click
from rich import box
from rich.console import Console
from rich.table import Table
from rich.text import Text

from mlops_platform.formats.plain_json import plain_json

NARROW = 100
AS_JSON = "mlops_platform.as_json"

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


def answers_table(answers: Mapping[str, Mapping[str, object]]) -> Table:
    """One output on each line, beside it what was answered: an answer may have dozens of outputs.

    Args:
        answers: by the header of their column; each has the same outputs.
    """
    table = folding_table(dict.fromkeys(["", *answers]))
    table.show_lines = False
    for output in next(iter(answers.values())):
        table.add_row(output, *(Text(repr(answer[output])) for answer in answers.values()))
    return table


def folding_grid(gap: int = 1) -> Table:
    """Two columns without a head: signs or titles, and texts that fold behind them."""
    grid = Table.grid(padding=(0, gap, 0, 0))
    grid.add_column(no_wrap=True)
    grid.add_column(overflow="fold")
    return grid


F = TypeVar("F", bound=Callable[..., Any])


def json_option(command: F) -> F:
    """`--json`: one document on standard output; what is said besides goes to standard error."""
    return _json_option(expose_value=True)(command)


def hidden_json_option(command: F) -> F:
    """The same for a command with many parameters, which asks `wants_json`."""
    return _json_option(expose_value=False)(command)


def wants_json() -> bool:
    """Whether the command that runs was called with `--json`."""
    return bool(click.get_current_context().meta.get(AS_JSON))


def _json_option(*, expose_value: bool) -> Callable[[F], F]:
    return click.option(
        "--json",
        "as_json",
        is_flag=True,
        callback=_keep_output_for_json,
        expose_value=expose_value,
        help="One JSON document on standard output, for another program.",
    )


def _keep_output_for_json(context: click.Context, _: click.Parameter, as_json: bool) -> bool:
    context.meta[AS_JSON] = as_json
    if as_json:
        console.stderr = True
        context.call_on_close(_give_output_back)
    return as_json


def _give_output_back() -> None:
    console.stderr = False


def answer(document: Any) -> None:
    """Print the one document of `--json`: numbers that are none are null, moments ISO 8601."""
    click.echo(plain_json(document, indent=2))


def counted(number: int, thing: str) -> str:
    """A number of things, of which one has no `s`."""
    return f"{number} {thing}{'' if number == 1 else 's'}"


def say(text: str) -> None:
    """Print a text as it is; what is longer than a line is left to the terminal, to be copied."""
    console.print(text, highlight=False, markup=False, soft_wrap=True)


def say_losses(model: str, lost: Sequence[str]) -> None:
    """Say before anything else that the ledger has lost rows of a model, where it has."""
    if lost:
        say(
            f"the ledger has lost rows of {model} that are named outside of it: {'; '.join(lost)}. "
            "What follows is told from what is left; `mlops doctor` tells the ways on."
        )
