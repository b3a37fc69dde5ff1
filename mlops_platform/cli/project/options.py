"""What the flags of `mlops init` say."""

from __future__ import annotations

import sys
from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, TypeVar

import click

from mlops_platform.data.landing.files.csv_dialect import YEARS

if TYPE_CHECKING:
    from mlops_platform.usecases.scaffold.proposing.answers import Answers

Decorated = TypeVar("Decorated", bound=Callable[..., Any])

ANSWERS = (
    ("--name", "Of the model  [default: after what is predicted]"),
    ("--domain", "Folder of these data  [default: after the file]"),
    ("--label", "What is predicted: a column, or SQL such as 'delay > 15'."),
    ("--time", "Moment of a prediction: a column or SQL; 'none' if rows have none."),
    (
        "--known-at",
        "When the label becomes known: a column, SQL such as 'sold_at + interval 7 days', or "
        "'landing'. Never guessed.",
    ),
    ("--task", "Kind of outcome  [default: what fits the label]"),
    ("--timezone", "IANA zone of days, and of times that do not say theirs."),
    ("--owner", "Who is asked about it: team:NAME or an e-mail address."),
)
CLOCK_CHANGE = (
    "--clock-change",
    ("earlier", "later"),
    "Which moment a time without zone is that does not exist, or exists twice, because clocks "
    "change.",
)
TIME_FORMATS = (
    "--time-format",
    "How times of a CSV file are written, as strptime has it: '%d.%m.%Y %H:%M' for every column "
    "that it fits, or COLUMN=FORMAT; epoch, epoch_ms and epoch_us are numbers since 1970.",
)
CENTURY_START = (
    "--century-start",
    "First of the hundred years that a year of two digits is of  [default: 1969]",
)
LISTS = (
    ("--entity", "Column that identifies a prediction; several with several flags or commas."),
    ("--drop", "Column that does not land."),
    ("--sensitive", "Column that is no feature, and by which the model is judged."),
    ("--keep", "Column that is a feature in spite of what was found."),
)
SWITCHES = (
    ("--yes", "yes", "Take what is proposed, and ask nothing."),
    ("--json", "as_json", "One JSON document on stdout; asks nothing."),
    ("--dry-run", "dry_run", "Show the files as a diff, and write nothing."),
    ("--undo", "undo", "Take the newest change back, byte for byte."),
    ("--force", "force", "Undo in spite of edits; go on in spite of what is refused."),
    ("--without-example", "without_example", "Take the examples out; --undo brings them back."),
)


@dataclass(frozen=True)
class Options:
    """How the command was called.

    Args:
        data: file, folder, `URL#table` or `dbt:model`; None where nothing is to be made.
        answers: flags that answer a question.
    """

    data: str | None
    answers: Answers
    yes: bool
    as_json: bool
    dry_run: bool
    undo: bool
    force: bool
    without_example: bool

    @property
    def asks(self) -> bool:
        """Whether somebody is there to answer."""
        return not (self.yes or self.as_json) and sys.stdin.isatty() and sys.stdout.isatty()


def init_options(command: Decorated) -> Decorated:
    """Every option of the command."""
    declared = [
        click.option(
            "--data",
            metavar="SOURCE",
            help="File, folder, database URL#table, or dbt:model.",
        ),
        *(click.option(flag, help=text) for flag, text in ANSWERS),
        click.option(CLOCK_CHANGE[0], type=click.Choice(CLOCK_CHANGE[1]), help=CLOCK_CHANGE[2]),
        click.option(TIME_FORMATS[0], metavar="FORMAT", multiple=True, help=TIME_FORMATS[1]),
        click.option(
            CENTURY_START[0], type=click.IntRange(*YEARS), metavar="YEAR", help=CENTURY_START[1]
        ),
        *(click.option(flag, metavar="COLUMN", multiple=True, help=text) for flag, text in LISTS),
        *(click.option(flag, name, is_flag=True, help=text) for flag, name, text in SWITCHES),
    ]
    for option in reversed(declared):
        command = option(command)
    return command


def options_of(values: dict[str, Any]) -> Options:
    """The values that click has read."""
    from mlops_platform.usecases.scaffold.proposing.answers import Answers

    lists = {flag.removeprefix("--") for flag, _ in LISTS}
    answers = {
        name: _listed(values[name]) if name in lists else values[name]
        for name in Answers.model_fields
    }
    switches = {name: values[name] for _, name, _ in SWITCHES}
    return Options(data=values["data"], answers=Answers.model_validate(answers), **switches)


def _listed(values: tuple[str, ...]) -> tuple[str, ...]:
    """Several flags, or one with commas."""
    names = [name.strip() for value in values for name in value.split(",")]
    return tuple(dict.fromkeys(name for name in names if name))
