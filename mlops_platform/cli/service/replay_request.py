"""`mlops replay-request`: a logged prediction, run again exactly."""

from typing import TYPE_CHECKING

import click
from rich.text import Text

from mlops_platform.cli.console import answers_table, console, folding_table, json_option, say
from mlops_platform.clock import moment_text
from mlops_platform.errors import DataError
from mlops_platform.usecases.deployment import open_deployment

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from mlops_platform.spec import ModelSpec
    from mlops_platform.usecases.service.replay_request import ReplayedRequest, ReplayedRow


@click.command()
@click.argument("request_id")
@click.option("--model", help="Where it is known  [default: look through the logs of all models]")
@json_option
@click.pass_context
def command(context: click.Context, request_id: str, model: str | None, as_json: bool) -> None:
    """Run a logged request again, by the very version that answered it.

    REQUEST_ID is in every answer and in its header X-Request-Id. Ends with code 1 where the
    pipeline answers otherwise now, or cannot be run.
    """
    replayed = _replayed(request_id, _specs(model))
    if as_json:
        click.echo(replayed.to_public(indent=2))
    else:
        _show(replayed)
    if not replayed.agrees:
        context.exit(1)


def _specs(model: str | None) -> "Sequence[ModelSpec]":
    from mlops_platform.components.models import declared_spec, declared_specs

    return [declared_spec(model)] if model else declared_specs()


def _replayed(request_id: str, specs: "Sequence[ModelSpec]") -> "ReplayedRequest":
    from mlops_platform.usecases.service.replay_request import replay_request

    deployment = open_deployment()
    for spec in specs:
        replayed = replay_request(deployment, spec, request_id)
        if replayed.rows:
            return replayed
    names = ", ".join(spec.name for spec in specs)
    raise DataError(
        f"no request '{request_id}' is in the prediction log of {names}. It may have been sampled "
        "out (`serving.log.sample`), dropped by a full disk, or served elsewhere."
    )


def _show(replayed: "ReplayedRequest") -> None:
    console.print(Text(f"request {replayed.request_id} to {replayed.model}", style="bold"))
    for row in replayed.rows:
        console.print()
        _show_row(row)


def _show_row(row: "ReplayedRow") -> None:
    adjusted = "" if row.adjustment is None else f" under its adjustment {row.adjustment}"
    say(
        f"{moment_text(row.time, 'microseconds')}, {row.route}, row {row.row}, entity "
        f"{row.entity or 'unnamed'}: version {row.version} as {row.role} of release "
        f"{row.sequence}{adjusted}, in {row.latency_ms:.1f} ms"
    )
    again = row.replayed
    answers: dict[str, Mapping[str, object]] = {"answered": row.answer}
    if again is not None:
        answers["offline now"] = again.answer
    console.print(answers_table(answers))
    say(row.verdict if again is None else f"Difference {again.difference:g}. {row.verdict}")
    features = folding_table({"feature": None, "value": None})
    for name, value in row.features.items():
        shown = "redacted" if name in row.redacted else "missing" if value is None else str(value)
        features.add_row(name, Text(shown))
    console.print(features)
