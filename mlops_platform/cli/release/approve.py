"""`mlops approve`: a person answers what waits for one: a challenger, or a suggested retraining."""

from typing import TYPE_CHECKING

import click

from mlops_platform.cli.actor import login_name, not_blank
from mlops_platform.cli.console import answer, hidden_json_option, say, wants_json
from mlops_platform.errors import LedgerError
from mlops_platform.usecases.deployment import Deployment, open_deployment

if TYPE_CHECKING:
    from mlops_platform.ledger.challenger import Challenger
    from mlops_platform.ledger.ledger import Ledger
    from mlops_platform.ledger.records import Decision


@click.command()
@click.argument("model")
@click.option("--reject", is_flag=True, help="Abort the challenger, or decline the retraining.")
@click.option(
    "--what",
    type=click.Choice(["challenger", "retraining"]),
    help="Which of the two is meant  [default: the one that waits]",
)
@click.option(
    "--version",
    type=click.IntRange(min=1),
    help="Version of the challenger that is meant: refused where another one stands.",
)
@click.option("--reason", required=True, callback=not_blank, help="Why, for the ledger.")
@click.option("--actor", callback=not_blank, help="Who decides  [default: the login name]")
@hidden_json_option
def command(
    model: str,
    reject: bool,
    what: str | None,
    version: int | None,
    reason: str,
    actor: str | None,
) -> None:
    """Promote the challenger or start the suggested retraining, or --reject it.

    Neither the evidence so far nor a freeze stops the promotion of a challenger; running services
    follow by themselves. An approved retraining is started by the model's sensor, and judged by
    the gate like any other.
    """
    from mlops_platform.components.known_models import require_known

    deployment, actor = open_deployment(), actor or login_name()
    require_known(deployment.ledger, model)
    if version is not None:
        what = _meant(deployment.ledger, model, what, version)
    waiting = _waiting(deployment.ledger, model, what)
    if waiting == "retraining":
        done = _answer_suggestion(deployment.ledger, model, reject, reason, actor)
    else:
        done = _answer_rollout(deployment, model, reject, reason, actor)
    if wants_json():
        answer({"model": model, "answered": waiting, "rejected": reject, "actor": actor})
    else:
        say(done)


def _meant(ledger: "Ledger", model: str, what: str | None, version: int) -> str:
    """The challenger, where a version is named.

    Raises:
        LedgerError: another version stands, or none.
        click.UsageError: a retraining is meant, which has no version yet.
    """
    from mlops_platform.usecases.rollout.end import require_challenger

    if what == "retraining":
        raise click.UsageError("--version names a challenger; leave it out, or --what retraining.")
    challenger = require_challenger(ledger, model)
    if challenger.version != version:
        raise LedgerError(
            f"version {version} of {model!r} is not the challenger: that is {challenger.told}. "
            "Nothing was written."
        )
    return "challenger"


def _waiting(ledger: "Ledger", model: str, what: str | None) -> str:
    """What is answered.

    Raises:
        LedgerError: the model is retired, nothing waits, or both do and none was named.
    """
    from mlops_platform.ledger.challenger import standing_challenger
    from mlops_platform.usecases.ledger.retirement import refuse_retired
    from mlops_platform.usecases.ledger.suggestion import open_suggestion

    ledger.require_whole(model)
    refuse_retired(ledger, model)
    if what is not None:
        return what
    challenger, suggestion = standing_challenger(ledger, model), open_suggestion(ledger, model)
    if challenger is not None and suggestion is not None:
        raise LedgerError(_both_text(challenger, suggestion))
    if challenger is None and suggestion is None:
        raise LedgerError(
            f"{model!r} has no challenger and no suggested retraining: nothing waits for an "
            "answer. `release: manual`, `shadow` or `canary` in its YAML makes challengers, "
            "`retraining: {suggest_only: true}` makes suggestions."
        )
    return "challenger" if suggestion is None else "retraining"


def _both_text(challenger: "Challenger", suggestion: "Decision") -> str:
    return (
        f"Two answers of {challenger.model!r} are open. Say which one is meant: `--what "
        f"challenger` for {challenger.told}; `--what retraining` for the one suggested on "
        f"{suggestion.made_at:%Y-%m-%d}: {suggestion.reason}"
    )


def _answer_suggestion(ledger: "Ledger", model: str, reject: bool, reason: str, actor: str) -> str:
    from mlops_platform.usecases.ledger.suggestion import (
        approve_suggestion,
        decline_suggestion,
        require_suggestion,
    )

    suggestion = require_suggestion(ledger, model)
    asked = f"the retraining of {model} suggested on {suggestion.made_at:%Y-%m-%d}"
    if reject:
        decline_suggestion(ledger, suggestion, reason=reason, actor=actor)
        return f"{asked} is declined by {actor}; the next can be suggested after the cooldown."
    approve_suggestion(ledger, suggestion, reason=reason, actor=actor)
    return f"{asked} is approved by {actor}; the sensor `retrain` starts it."


def _answer_rollout(
    deployment: Deployment, model: str, reject: bool, reason: str, actor: str
) -> str:
    from mlops_platform.usecases.rollout.end import (
        abort_challenger,
        promote_challenger,
        require_challenger,
    )

    challenger = require_challenger(deployment.ledger, model)
    if reject:
        abort_challenger(deployment, challenger, reason=reason, actor=actor)
        stays = "the champion stays" if challenger.champion_sequence else "it has no champion yet"
        return f"version {challenger.version} of {model} is aborted by {actor}; {stays}."
    release = promote_challenger(deployment, challenger, reason=reason, actor=actor)
    return (
        f"version {release.version} of {model} is the champion: release {release.sequence}, "
        f"promoted by {actor}."
    )
