"""`mlops rollback`: the previous champion serves again, in seconds."""

from typing import TYPE_CHECKING

import click

from mlops_platform.cli.actor import login_name, not_blank
from mlops_platform.cli.console import answer, json_option, say
from mlops_platform.errors import RegistryError
from mlops_platform.usecases.deployment import Deployment, open_deployment

if TYPE_CHECKING:
    from mlops_platform.usecases.service.await_workers import Followed


@click.command()
@click.argument("model")
@click.option("--reason", required=True, callback=not_blank, help="Why, for the ledger.")
@click.option(
    "--release",
    "sequence",
    type=click.IntRange(min=1),
    help="Release that is meant: refused where another one serves  [default: the present one, "
    "unless that was rolled back to]",
)
@click.option("--actor", callback=not_blank, help="Who rolls back  [default: the login name]")
@click.option(
    "--wait",
    default=30.0,
    show_default=True,
    type=click.FloatRange(min=0),
    help="Seconds that running workers have to follow.",
)
@json_option
def command(
    model: str, reason: str, sequence: int | None, actor: str | None, wait: float, as_json: bool
) -> None:
    """Release the previous champion again; wait until running services follow.

    Of two people who roll back the same release, the second is told so: what was rolled back to is
    rolled back only where --release names it.

    MLflow's alias follows last: with the registry down, what serves is rolled back nevertheless.
    A freeze does not stop a person. What is rolled back is never promoted again; a retraining
    makes another version. Ends with code 1 where a running worker still serves another release.
    """
    from mlops_platform.components.known_models import require_known
    from mlops_platform.usecases.release.roll_back import release_meant, roll_back
    from mlops_platform.usecases.service.await_workers import await_workers
    from mlops_platform.usecases.service.record_activations import ActivationRecorder

    deployment = open_deployment()
    require_known(deployment.ledger, model)
    recorder = ActivationRecorder(deployment, model)
    recorder.record()
    meant = [] if sequence is None else [release_meant(deployment.ledger, model, sequence)]
    release = roll_back(deployment, model, reason=reason, actor=actor or login_name(), after=meant)
    say(
        f"version {release.version} of {model} is the champion again: release "
        f"{release.sequence}, rolled back by {release.actor}."
    )
    followed = await_workers(recorder, release.sequence, wait)
    _tell(followed)
    _move_alias(deployment, model)
    if as_json:
        answer(
            {
                "release": release.model_dump(mode="json"),
                "workers": followed.model_dump(mode="json"),
            }
        )
    if not followed.by_all:
        raise click.exceptions.Exit(1)


def _move_alias(deployment: Deployment, model: str) -> None:
    from mlops_platform.usecases.release.reconcile import reconcile

    try:
        reconcile(deployment, model)
    except RegistryError as error:
        say(f"MLflow's alias still names another version: {error}")


def _tell(followed: "Followed") -> None:
    if followed.serving:
        say(f"{len(followed.serving)} running workers serve it after {followed.seconds:.1f} s.")
    elif followed.by_all:
        say("No running service reports to this deployment; the next one to start serves it.")
    for worker, reason in followed.refused.items():
        say(f"worker {worker} goes on serving what it served: {reason}")
    for worker in followed.silent:
        say(f"worker {worker} has not followed within {followed.seconds:.0f} s; look at its log.")
