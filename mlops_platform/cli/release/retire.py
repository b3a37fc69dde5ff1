"""`mlops retire`: nothing is asked of a model any more; its history stays."""

import os
from datetime import UTC, datetime
from typing import TYPE_CHECKING

import click

from mlops_platform.cli.actor import login_name, not_blank
from mlops_platform.cli.console import answer, counted, json_option, say
from mlops_platform.usecases.deployment import Deployment, open_deployment

if TYPE_CHECKING:
    from mlops_platform.ledger.records import Decision
    from mlops_platform.spec import ModelSpec


@click.command()
@click.argument("model")
@click.option("--reason", required=True, callback=not_blank, help="Why, for the ledger.")
@click.option("--undo", is_flag=True, help="Take the retirement back.")
@click.option("--actor", callback=not_blank, help="Who retires it  [default: the login name]")
@json_option
def command(model: str, reason: str, undo: bool, actor: str | None, as_json: bool) -> None:
    """Retire a model: sensors and commands ask nothing of it any more.

    No windows, retraining, release or alert; its open incidents are resolved. Its history, cards
    and predictions stay, and its YAML may be deleted. Other models are not touched.
    """
    from mlops_platform.components.known_models import known_model

    deployment, actor = open_deployment(), actor or login_name()
    spec = known_model(deployment.ledger, model)
    if undo:
        decision = _reinstate(deployment, model, reason, actor)
    else:
        decision = _retire(deployment, model, spec, reason=reason, actor=actor)
    if as_json:
        answer({"decision": decision.model_dump(mode="json")})


def _retire(
    deployment: Deployment, model: str, spec: "ModelSpec | None", *, reason: str, actor: str
) -> "Decision":
    from mlops_platform.usecases.retirement.retire import retire

    now = datetime.now(UTC)
    retired = retire(deployment, model, reason=reason, actor=actor, machine_now=now)
    if spec is not None and retired.resolved:
        _tell_channels(deployment, spec)
    resolved = (
        f" {counted(len(retired.resolved), 'open incident')} resolved." if retired.resolved else ""
    )
    say(
        f"{model} is retired by {retired.decision.actor}: no windows, retraining, release or "
        f"alert.{resolved} Its history stays; a service that runs goes on until it is stopped. "
        f"Its YAML may be deleted; `mlops retire {model} --undo` takes it back."
    )
    return retired.decision


def _reinstate(deployment: Deployment, model: str, reason: str, actor: str) -> "Decision":
    from mlops_platform.usecases.ledger.retirement import reinstate

    written = reinstate(deployment.ledger, model, reason, actor)
    say(
        f"{model} is back, by {written.actor}: sensors ask for it again as its YAML says. "
        f"`mlops watch {model}` measures what has ended meanwhile."
    )
    return written


def _tell_channels(deployment: Deployment, spec: "ModelSpec") -> None:
    """Tickets and channels hear that the incidents are over: no sensor tells them any more."""
    from mlops_platform.components.window_records import recorded_windows
    from mlops_platform.usecases.incidents.alert import AlertDesk, alert
    from mlops_platform.usecases.incidents.ticket import LATEST_WINDOWS

    desk = AlertDesk(
        deployment=deployment,
        spec=spec,
        environment=os.environ,
        windows=lambda: recorded_windows(spec.name, latest=LATEST_WINDOWS),
    )
    alerted = alert(desk, (), deployment.moment_of(spec.name))
    for channel, number in alerted.waiting.items():
        if number:
            say(f"{channel} has not taken {counted(number, 'notice')}, and is not asked again.")
