"""`mlops explain`: why one prediction is what it is."""

from pathlib import Path
from typing import TYPE_CHECKING, Final

import click
from rich.text import Text

from mlops_platform.cli.console import (
    answers_table,
    console,
    folding_table,
    hidden_json_option,
    say,
    wants_json,
)
from mlops_platform.clock import moment_text
from mlops_platform.usecases.deployment import open_deployment

if TYPE_CHECKING:
    from collections.abc import Mapping

    from mlops_platform.column_kind import Value
    from mlops_platform.tasks import Task
    from mlops_platform.usecases.explanation.record import Additive, ExplainedPrediction

MOST_CLASSES: Final = 4
"""Beside one another in a terminal."""


@click.command()
@click.argument("model")
@click.argument("entity", required=False)
@click.option("--request", help="Explain a logged request instead, by its X-Request-Id.")
@click.option(
    "--file",
    type=click.Path(path_type=Path),
    help="Explain a row of a file instead, which `mlops predict` would score.",
)
@click.option(
    "--row",
    type=click.IntRange(min=0),
    help="Row of a request, from 0, or of a file, from 1  [default: the first]",
)
@hidden_json_option
@click.pass_context
def command(
    context: click.Context,
    model: str,
    entity: str | None,
    request: str | None,
    file: Path | None,
    row: int | None,
) -> None:
    """Tell what each feature added to a prediction, by the very version that made it.

    Explained is the last answer about ENTITY, unless a request or a file is named. Where nothing
    about it is in the prediction log, its published features are explained by the champion. Ends
    with code 1 where there are no exact contributions, and says why.
    """
    if sum(given is not None for given in (entity, request, file)) != 1:
        raise click.UsageError("Name one of ENTITY, --request and --file.", context)
    if entity is not None and row is not None:
        raise click.UsageError("--row is of a request or a file.", context)
    explained, task = _explained(model, entity, request, file, row)
    if wants_json():
        click.echo(explained.to_public(indent=2))
    else:
        _show(explained, task)
    if not explained.is_explained or not explained.agrees:
        context.exit(1)


def _explained(
    model: str, entity: str | None, request: str | None, file: Path | None, row: int | None
) -> "tuple[ExplainedPrediction, Task]":
    from mlops_platform.components.models import DEFS, declared_spec
    from mlops_platform.usecases.explanation.explain import (
        explain_entity,
        explain_file,
        explain_request,
    )
    from mlops_platform.usecases.prediction.landing_format import landing_formats

    deployment, spec = open_deployment(), declared_spec(model)
    if request is not None:
        return explain_request(deployment, spec, request, row), spec.task
    if file is not None:
        landings = landing_formats(DEFS, model)
        explained = explain_file(deployment, spec, file, 1 if row is None else row, landings)
        return explained, spec.task
    return explain_entity(deployment, spec, entity or ""), spec.task


def _show(explained: "ExplainedPrediction", task: "Task") -> None:
    console.print(Text(f"{explained.model}: {explained.source}", style="bold"))
    at = "" if explained.time is None else f"{moment_text(explained.time, 'microseconds')}, "
    adjusted = f" under its adjustment {explained.adjustment}" if explained.adjustment else ""
    say(
        f"{at}entity {explained.entity or 'unnamed'}: version {explained.version} as "
        f"{explained.role} of release {explained.release}{adjusted}"
    )
    console.print(answers_table({"answer": task.worded(explained.answer)}))
    if not explained.agrees:
        say(f"The version answers otherwise now: {explained.difference:g} away.")
    if explained.additive is not None:
        _show_additive(explained.additive)
    elif explained.classes:
        _show_classes(explained.classes)
    else:
        say(f"It is not explained: {explained.reason}")


def _show_additive(additive: "Additive") -> None:
    scale = additive.scale.replace("_", " ")
    table = folding_table({"feature": None, "value": None, f"adds to the {scale}": None})
    table.add_row("(base)", "", f"{additive.base:+.4f}")
    for part in additive.contributions:
        table.add_row(part.feature, Text(_value(part.value)), f"{part.contribution:+.4f}")
    table.add_row(f"({scale})", "", f"{additive.total:+.4f}")
    console.print(table)


def _show_classes(classes: "Mapping[str, Additive]") -> None:
    """The likeliest classes beside one another, by what each feature adds to the likeliest."""
    ranked = sorted(classes, key=lambda name: -classes[name].total)
    shown, left_out = ranked[:MOST_CLASSES], ranked[MOST_CLASSES:]
    scale = classes[shown[0]].scale.replace("_", " ")
    say(
        f"What each feature adds to the {scale} of a class, the likeliest first: the logarithm of "
        "its probability, less the mean of those of all classes."
        + (f" --json has {', '.join(left_out)} as well." if left_out else "")
    )
    of_class = {
        name: {part.feature: part.contribution for part in classes[name].contributions}
        for name in shown
    }
    table = folding_table({"feature": None, "value": None, **dict.fromkeys(shown)})
    table.add_row("(base)", "", *(f"{classes[name].base:+.4f}" for name in shown))
    for part in classes[shown[0]].contributions:
        added = (f"{of_class[name][part.feature]:+.4f}" for name in shown)
        table.add_row(part.feature, Text(_value(part.value)), *added)
    table.add_row(f"({scale})", "", *(f"{classes[name].total:+.4f}" for name in shown))
    console.print(table)


def _value(value: "Value") -> str:
    return "missing" if value is None else f"{value:g}" if type(value) is float else str(value)
