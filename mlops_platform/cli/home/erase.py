"""`mlops erase`: facts are taken out of the landing zone, as the law may ask."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

import click

from mlops_platform.cli.actor import login_name, not_blank
from mlops_platform.cli.console import answer, counted, hidden_json_option, say, wants_json
from mlops_platform.usecases.deployment import open_deployment

if TYPE_CHECKING:
    from mlops_platform.data.traces import Trace
    from mlops_platform.usecases.erasure.erase import ErasureReport

CURES = {
    "features": "published table {name}: {rows}",
    "training_sets": "training set {part} of {name}: {rows}",
    "predictions": "predictions of {name}, window {part}: {rows}",
    "served": "answers of {name} on {part}: {rows}",
}


@click.command()
@click.argument("table")
@click.option(
    "--where",
    "condition",
    required=True,
    callback=not_blank,
    help="Which facts: SQL on the table's columns and its `day`, such as \"flight_id = 'x'\".",
)
@click.option(
    "--reason",
    required=True,
    callback=not_blank,
    help="Why, for the ledger; without what is to be forgotten, for it stays there.",
)
@click.option("--actor", callback=not_blank, help="Who erases  [default: the login name]")
@click.option("--dry-run", is_flag=True, help="Tell what would be erased, and change nothing.")
@click.option("--yes", is_flag=True, help="Do not ask before.")
@hidden_json_option
def command(
    table: str, condition: str, reason: str, actor: str | None, dry_run: bool, yes: bool
) -> None:
    """Erase facts of a landed TABLE from every delivery, with all of their versions.

    A decision in the ledger of every model that is made from the table, and a tombstone beside it,
    tell that it was done, but not what is gone. What was made of the facts before is named: it
    stays. A source that still has them brings them back: erase them there first.
    """
    from mlops_platform.components.models import models_made_from
    from mlops_platform.usecases.erasure.erase import ErasureRequest, erase, plan_erasure

    deployment = open_deployment()
    request = ErasureRequest(
        table=table,
        condition=condition,
        reason=reason,
        actor=actor or login_name(),
        models=models_made_from(table),
    )
    report = plan_erasure(deployment, request)
    if not report.rows:
        say(f"No row of {table} meets the condition: nothing is to be erased.")
    else:
        say(f"{'Would be' if dry_run else 'To be'} erased of {table}: {_counted(report)}.")
    erases = bool(report.rows) and not dry_run
    if erases:
        if not yes:
            click.confirm("They cannot be brought back. Erase them?", abort=True, err=wants_json())
        report = erase(deployment, request, report.identity)
    if wants_json():
        answer({"table": table, "erased": erases, **_public(report)})
    elif report.rows:
        _show(table, report, erases)


def _show(table: str, report: ErasureReport, erased: bool) -> None:
    if erased:
        say(f"Erased of {table}: {_counted(report)}.")
    for model, decision in report.decisions.items():
        say(f"decision {decision} of {model} tells so.")
    for line in _left(report):
        say(line)


def _public(report: ErasureReport) -> dict[str, Any]:
    return {
        "rows": report.rows,
        "facts": report.facts,
        "days": [str(day) for day in report.days],
        "has_key": report.has_key,
        "traces": [trace.model_dump(mode="json") for trace in report.traces],
        "decisions": report.decisions,
    }


def _counted(report: ErasureReport) -> str:
    first, last = report.days[0], report.days[-1]
    days = str(first) if first == last else f"{len(report.days)} days from {first} to {last}"
    return f"{counted(report.rows, 'row')} ({counted(report.facts, 'fact')}, {days})"


def _left(report: ErasureReport) -> Iterator[str]:
    if not report.has_key:
        yield "Nothing says what identifies a fact, so what was made of them cannot be looked for."
        return
    yield "`mlops rebuild` builds again what is published of their days."
    yield "What was made of them and holds their key:"
    yield from map(_told, report.traces)
    if not report.traces:
        yield "nothing in published tables, training sets, predictions and answers."
    yield (
        "Not looked at: backups, kept reproductions, logs of services, models and Bentos, files of "
        "training runs."
    )


def _told(trace: Trace) -> str:
    return CURES[trace.kind].format(
        name=trace.name, part=trace.part, rows=counted(trace.rows, "row")
    )
