"""`mlops init`: from data of one's own to a model, with nothing guessed that must be known."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

import click
from rich.text import Text

from mlops_platform.cli.console import answer, console, counted, say
from mlops_platform.cli.project.options import Options, init_options, options_of
from mlops_platform.errors import DataError, MlopsError

if TYPE_CHECKING:
    from mlops_platform.cli.project.making import Made
    from mlops_platform.usecases.scaffold.journal.journal import Journal
    from mlops_platform.usecases.scaffold.journal.planning import PlannedFile

UNDO: Final = "mlops init --undo"
REPLAY: Final = "its past, week by week, in a home of its own (another MLOPS_HOME)"


@click.command()
@init_options
def command(**values: Any) -> None:
    """Make a model of your own data: look at it, ask what must be known, write its files.

    \b
    mlops init --data orders.csv
    mlops init --data orders.csv --label 'delay > 15' --known-at arrived_at --yes
    mlops init --data postgresql://me@db/shop#orders
    mlops init --undo

    One scan tells types, times, keys, ids, what is missing, and what knows the label too early.
    What is proposed has its reason; when the label becomes known is never guessed. Everything is
    written at once or not at all, and can be undone.
    """  # noqa: D301
    from mlops_platform.settings import PROJECT_ROOT
    from mlops_platform.usecases.scaffold.journal.journal import Journal
    from mlops_platform.usecases.scaffold.journal.writing import take_back_unfinished

    options = options_of(values)
    journal = Journal(PROJECT_ROOT)
    for entry in take_back_unfinished(journal):
        click.echo(f"What was left half written of '{entry.domain}' was taken back.", err=True)
    if options.undo:
        _undo(options, journal)
    elif options.data is not None:
        _init(options, journal)
    elif options.without_example:
        _take_example_out(options, journal)
    else:
        raise click.UsageError(
            "Say what the model is made of: --data with a file, a folder, a database "
            "URL#table or dbt:model. Or --without-example, or --undo."
        )


def _init(options: Options, journal: Journal) -> None:
    from mlops_platform.cli.project.example import example_removals
    from mlops_platform.cli.project.making import made, show_plan

    with made(options, journal) as result:
        show_plan(result, as_diff=options.dry_run)
        example = example_removals(journal) if options.without_example else []
        if example:
            say(f"and the example is taken out: {counted(len(example), 'file')}")
        plan = [*result.plan, *example]
        written = _is_wanted(options, result, plan) and _write(journal, plan, result)
        if options.as_json:
            answer(result.document(written))
        elif written:
            _show_next(result)


def _is_wanted(options: Options, result: Made, plan: list[PlannedFile]) -> bool:
    """Whether to write: said by --yes, or asked."""
    if options.dry_run or not any(file.is_written for file in plan):
        return False
    if options.yes:
        return True
    if options.asks:
        console.print()
        return click.confirm("Write these files?", default=True)
    if options.as_json:
        return False
    raise DataError("Nothing was written: there is no terminal to ask on. Add --yes.")


def _write(journal: Journal, plan: list[PlannedFile], result: Made) -> bool:
    from mlops_platform.usecases.scaffold.journal.writing import write_files

    entry = write_files(journal, plan, result.entry)
    try:
        _make_ready()
    except MlopsError as error:
        raise DataError(f"The files are written, and {error} `{UNDO}` takes them back.") from error
    return entry is not None


def _make_ready() -> None:
    """The dbt manifest is that of the files as they are now."""
    from mlops_platform.cli.home.setup import ensure_set_up

    ensure_set_up()


def _show_next(result: Made) -> None:
    model = result.choices.model
    of_time = (
        (
            (f"mlops prove {model}", "prove that no feature knows the future"),
            *([(f"mlops replay {model}", REPLAY)] if result.choices.known_at else []),
        )
        if result.choices.event_time
        else ((f"mlops watch {model}", "score and measure what has landed since"),)
    )
    console.print()
    console.print(Text.assemble(("✓ ", "green"), f"{model} is declared. Next:"))
    for line, why in (
        (f"mlops train {model}", "land, build, train, judge and release"),
        *of_time,
        (f"mlops predict {model} new.csv", "score a file with its champion"),
    ):
        console.print(Text.assemble((f"  {line}", "bold"), (f"  {why}", "dim")), soft_wrap=True)
    say(f"  `{UNDO}` takes everything back.")


def _take_example_out(options: Options, journal: Journal) -> None:
    from mlops_platform.cli.project.example import EXAMPLE, example_removals
    from mlops_platform.cli.project.plan import show_diff
    from mlops_platform.usecases.scaffold.journal.entry import JournalEntry
    from mlops_platform.usecases.scaffold.journal.writing import write_files

    plan = example_removals(journal)
    if not plan:
        say("The example is not there: nothing to do.")
        return
    if options.dry_run:
        show_diff(plan)
        return
    asked = options.asks and not click.confirm(
        f"Take the example out ({counted(len(plan), 'file')})?", default=True
    )
    if asked:
        return
    write_files(journal, plan, JournalEntry(number=1, domain=EXAMPLE))
    _make_ready()
    say(f"The example is taken out: {counted(len(plan), 'file')}. `{UNDO}` brings it back.")


def _undo(options: Options, journal: Journal) -> None:
    from mlops_platform.usecases.scaffold.journal.undoing import (
        edited_since,
        newest_entry,
        undo,
        undone,
    )

    entry = newest_entry(journal, options.answers.domain)
    if options.dry_run:
        for change in entry.files:
            say(f"{'removed' if change.before is None else 'restored'} {change.path}")
        return
    edited = edited_since(journal, entry)
    if edited and options.asks and not options.force:
        say("Edited since, and lost by an undo:")
        for path in edited:
            say(f"  {path}")
        force = click.confirm("Undo all the same?", default=False)
        if not force:
            return
    else:
        force = options.force
    restored = undo(journal, entry, force=force)
    _make_ready()
    say(undone(journal, entry, counted(len(restored), "file")))
    if entry.model:
        say("What has landed, was trained or released stays in MLOPS_HOME.")
