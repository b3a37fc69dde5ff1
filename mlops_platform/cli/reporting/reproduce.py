"""`mlops reproduce`: a version trained again, and its training set built again."""

import re
from typing import TYPE_CHECKING

import click
from rich.text import Text

from mlops_platform.cli.console import console, counted, folding_table, json_option
from mlops_platform.clock import moment_text
from mlops_platform.errors import SpecError
from mlops_platform.usecases.deployment import open_deployment

if TYPE_CHECKING:
    from collections.abc import Sequence

    from mlops_platform.data.compared_rows import DifferingValue, RowComparison
    from mlops_platform.usecases.reproduction.difference import Difference
    from mlops_platform.usecases.reproduction.from_facts import BuiltAgain, ProjectUsed
    from mlops_platform.usecases.reproduction.train_again import TrainedAgain

VERSION = re.compile(r"(?P<model>[^@]+)@(?P<number>[1-9]\d*)")
SHORT = 12
"""Of a digest."""
MOST_FILES = 5


@click.command()
@click.argument("version")
@click.option(
    "--from-facts",
    is_flag=True,
    help="First build the training set again, from the deliveries known when it was taken.",
)
@click.option("--keep", is_flag=True, help="Keep what --from-facts builds, and tell where.")
@json_option
@click.pass_context
def command(
    context: click.Context, version: str, from_facts: bool, keep: bool, as_json: bool
) -> None:
    """Train a version again from its snapshot, and compare what both predict.

    VERSION is a model and the number of a registered version, such as flight_delay@3. All of its
    training is repeated: search, fit, calibration, refit. Nothing is registered. Ends with code 1
    where a prediction, a constant or a row of the training set is not the same.
    """
    from mlops_platform.components.known_models import known_model
    from mlops_platform.usecases.reproduction.reproduce import Telling, Wanted, reproduce

    if keep and not from_facts:
        raise click.UsageError("--keep keeps what --from-facts builds: name both.")
    model, number = _named(version)
    deployment = open_deployment()
    present = known_model(deployment.ledger, model)
    wanted = Wanted(from_facts=from_facts, keep=keep)
    doing = f"reproducing {model}@{number}"
    if not as_json:
        console.print(Text(f"{model}@{number}", style="bold"))
    with console.status(doing) as status:
        telling = Telling(
            lambda line: status.update(f"{doing}: {line}"),
            lambda facts: None if as_json else _show_facts(facts),
        )
        told = reproduce(deployment, model, number, present, wanted, telling)
    if as_json:
        click.echo(told.to_public(indent=2))
    else:
        _show_training(told.training)
    if not told.equal:
        context.exit(1)


def _named(version: str) -> tuple[str, int]:
    match = VERSION.fullmatch(version)
    if match is None:
        raise SpecError("version", version, "Write a model and a version, such as flight_delay@3.")
    return match["model"], int(match["number"])


def _show_facts(facts: "BuiltAgain") -> None:
    console.print()
    moment = moment_text(facts.known_at)
    why = "when its snapshot was taken" if facts.recorded else "its as-of moment"
    _say(f"Training set {facts.training_set[:SHORT]} from what had landed by {moment}, {why}.")
    if not facts.recorded:
        _say(
            "Its snapshot is from before its origin was recorded: nothing says what built it, and "
            "days are taken whose first delivery may have come later."
        )
    _show_project(facts.project)
    later = sum(table.later for table in facts.tables)
    known = sum(table.known for table in facts.tables)
    _say(f"{known} deliveries were known; {later} came later and were left out.")
    if unbuilt := sum(table.unbuilt for table in facts.tables):
        _say(f"{unbuilt} more had come, but were in no build yet: they were left out as well.")
    for erased in facts.erased:
        decisions = [f"{number} of {model}" for model, number in erased.decisions.items()]
        decided = f", decision {' and '.join(decisions)}" if decisions else ""
        _say(
            f"Erased on {erased.erased_at:%Y-%m-%d}: {counted(erased.rows, 'row')} of "
            f"{erased.table}{decided}: {erased.reason}"
        )
    _show_rows(facts.rows)
    if facts.kept_in is not None:
        _say(f"What was built is kept in {facts.kept_in}")


def _show_project(project: "ProjectUsed") -> None:
    if project.then is None:
        _say(f"Built with the present dbt project, {project.now[:SHORT]}: none was recorded.")
    elif not project.recorded:
        _say(
            f"Built with the present dbt project, {project.now[:SHORT]}: of the recorded one, "
            f"{project.then[:SHORT]}, the sources were not kept."
        )
    else:
        _say(f"Built with the dbt project that was recorded, {project.then[:SHORT]}.")
        if project.then != project.now:
            shown = project.differing[:MOST_FILES]
            more = len(project.differing) - len(shown)
            differing = ", ".join(shown) + (f" and {more} more files" if more else "")
            _say(f"The present one, {project.now[:SHORT]}, differs in {differing}.")
    _show_differences(project.packages)


def _show_rows(rows: "RowComparison") -> None:
    if rows.equal:
        _say(f"All {rows.rows_now} rows are equal.", "green")
        return
    _say(f"The rows are not equal: {rows.rows_then} then, {rows.rows_now} now.", "red")
    table = folding_table({"difference": 24, "rows": None, "for example": None})
    for what, count, examples in (
        ("missing now", rows.missing, rows.missing_examples),
        ("new", rows.extra, rows.extra_examples),
    ):
        if count:
            table.add_row(what, str(count), Text(", ".join(examples)))
    if rows.repeated:
        table.add_row("more than once", str(rows.repeated), "")
    for column in rows.columns:
        shown = "\n".join(map(_change, column.examples))
        table.add_row(Text(f"another {column.column}"), str(column.rows), Text(shown))
    if table.row_count:
        console.print(table)
    if rows.other_columns:
        _say(f"Of the columns, {', '.join(rows.other_columns)}.")


def _change(value: "DifferingValue") -> str:
    then, now = ("nothing" if text is None else text for text in (value.then, value.now))
    return f"{value.entity}: {then} -> {now}"


def _show_training(training: "TrainedAgain") -> None:
    from mlops_platform.usecases.reproduction.train_again import JUDGED

    console.print()
    _show_differences(training.environment)
    _show_differences([training.commit] if training.commit else [])
    if not training.spec_recorded:
        _say("It was trained before its YAML was kept: the present one was used.")
    start = f", begun at the recipe of run {training.started_from}" if training.started_from else ""
    how = f"{training.trials} trials{start}"
    if training.update is not None:
        how = f"version {training.update.version} taught {training.update.rows:,} rows again"
    _say(
        f"Trained again from snapshot {training.training_set[:SHORT]}, {training.rows} rows: "
        f"{how}, in {training.seconds:.1f} s."
    )
    if training.recipe_then in (None, training.recipe_now):
        _say(f"Found: {training.recipe_now}")
    else:
        _say(f"Found then: {training.recipe_then}", "red")
        _say(f"Found now: {training.recipe_now}", "red")
    for constant in training.constants:
        _say(f"Constant {constant.name} was {constant.then} and is {constant.now}.", "red")
    table = folding_table(
        {"rows": 24, "output": None, "compared": None, "different": None, "at most by": None}
    )
    table.show_lines = False
    for output in training.outputs:
        table.add_row(
            output.rows_of,
            output.output,
            str(output.rows),
            str(output.different),
            f"{output.largest:g}" if output.different else "",
        )
    console.print(table)
    if not any(output.rows_of == JUDGED for output in training.outputs):
        _say("What the gate saw of its held-out rows was not kept, or not by entity.")
    if training.equal:
        _say("Every prediction is equal, bit for bit.", "green")
    else:
        _say("The version is not reproduced.", "red")


def _show_differences(differences: "Sequence[Difference]") -> None:
    for each in differences:
        _say(f"{each.name} was {each.then or 'absent'} and is {each.now or 'absent'}.", "yellow")


def _say(text: str, style: str = "") -> None:
    console.print(Text(text, style=style), soft_wrap=True)
