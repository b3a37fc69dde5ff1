"""`mlops incidents`: what is wrong now, and the word that somebody looks after it."""

import os
from collections.abc import Sequence
from datetime import UTC, datetime
from typing import TYPE_CHECKING

import click
from rich.text import Text

from mlops_platform.cli.actor import login_name, not_blank
from mlops_platform.cli.console import answer, console, folding_table, json_option, say
from mlops_platform.clock import moment_text
from mlops_platform.usecases.deployment import open_deployment

if TYPE_CHECKING:
    from mlops_platform.monitoring.alerting.incident import Incident

COLOURS = {"page": "red", "ticket": "yellow"}


class _ListsByDefault(click.Group):
    """`mlops incidents churn` lists, though `list` was not said."""

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        if not args or (args[0] not in self.commands and args[0] not in ctx.help_option_names):
            args = ["list", *args]
        return super().parse_args(ctx, args)


@click.group(cls=_ListsByDefault)
def command() -> None:
    """List what is wrong now; acknowledge it, resolve it, try the channels.

    `mlops incidents [MODEL] [--all] [--json]` lists.
    """


@command.command("list")
@click.argument("model", required=False)
@click.option("--all", "everything", is_flag=True, help="Those that are over, too.")
@json_option
def list_incidents(model: str | None, everything: bool, as_json: bool) -> None:
    """List the open incidents of MODEL, or of all models."""
    from mlops_platform.usecases.incidents.acknowledge import incidents_in

    log = open_deployment().incident_log
    names = log.models()
    if model is not None and model not in names:
        _refuse_unknown(model)
    shown = [
        incident
        for name in ([model] if model else names)
        for incident in incidents_in(log, name).values()
        if everything or incident.is_open
    ]
    if as_json:
        click.echo(f"[{','.join(incident.to_public() for incident in shown)}]")
    else:
        _show(shown)


@command.command("ack")
@click.argument("incident")
@click.option("--reason", required=True, callback=not_blank, help="Who does what about it.")
@click.option("--actor", callback=not_blank, help="Who acknowledges it  [default: login name]")
@json_option
def acknowledge_incident(incident: str, reason: str, actor: str | None, as_json: bool) -> None:
    """Keep INCIDENT quiet: somebody looks after it. It speaks up again if it gets worse."""
    from mlops_platform.usecases.incidents.acknowledge import acknowledge

    known = acknowledge(open_deployment(), incident, reason, actor or login_name())
    if as_json:
        answer(known.model_dump(mode="json"))
    else:
        say(f"{incident} is acknowledged by {known.acknowledged and known.acknowledged.actor}.")


@command.command("resolve")
@click.argument("incident")
@click.option("--reason", required=True, callback=not_blank, help="Why it is over.")
@click.option("--actor", callback=not_blank, help="Who says so  [default: the login name]")
@json_option
def resolve_incident(incident: str, reason: str, actor: str | None, as_json: bool) -> None:
    """Declare INCIDENT over that no check can end. What still fails opens it again."""
    from mlops_platform.usecases.incidents.acknowledge import resolve

    over = resolve(open_deployment(), incident, reason, actor or login_name(), datetime.now(UTC))
    if as_json:
        answer(over.model_dump(mode="json"))
    else:
        say(f"{incident} is resolved.")


@command.command("test")
@click.argument("model")
@json_option
def try_the_channels(model: str, as_json: bool) -> None:
    """Send a test message to every channel of MODEL; ends with code 1 where one refuses it."""
    from mlops_platform.components.models import declared_spec
    from mlops_platform.usecases.incidents.try_channels import try_channels

    problems = try_channels(declared_spec(model), os.environ, datetime.now(UTC))
    if as_json:
        answer({"model": model, "channels": problems})
    for channel, problem in () if as_json else problems.items():
        say(f"{channel}: {problem or 'took it'}")
    if any(problems.values()):
        click.get_current_context().exit(1)


def _refuse_unknown(model: str) -> None:
    """A model without incidents is well, one that nobody knows is a misspelling."""
    from mlops_platform.components.known_models import known_model

    known_model(open_deployment().ledger, model)


def _show(incidents: "Sequence[Incident]") -> None:
    from mlops_platform.settings import settings

    if not incidents:
        console.print("[green]no incident is open[/]")
        return
    table = folding_table({"incident": None, "what": None, "since": 10, "state": 15})
    for incident in incidents:
        table.add_row(
            Text.assemble(incident.id, "\n", (incident.severity, COLOURS[incident.severity])),
            Text("\n".join([": ".join(filter(None, incident.fingerprint)), incident.seen.summary])),
            moment_text(incident.since).replace(" ", "\n", 1),
            Text(_state(incident)),
        )
    console.print(table)
    say(f"evidence of each: {settings().incidents}/<model>/<incident>.md")


def _state(incident: "Incident") -> str:
    if incident.resolved_at is not None:
        return f"resolved\n{moment_text(incident.resolved_at)}"
    known = incident.acknowledged
    return f"acknowledged by\n{known.actor}" if known else "nobody looks\nafter it"
