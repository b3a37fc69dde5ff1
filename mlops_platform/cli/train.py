"""`mlops train`: one training of a model, with everything that it needs."""

from datetime import UTC, datetime
from typing import TYPE_CHECKING

import click

from mlops_platform.cli.actor import login_name, not_blank
from mlops_platform.cli.by_hand import by_hand
from mlops_platform.cli.console import answer, json_option, say
from mlops_platform.settings import settings

if TYPE_CHECKING:
    from mlops_platform.usecases.candidate.outcome import TrainingOutcome


@click.command()
@click.argument("model")
@click.option("--actor", callback=not_blank, help="Who asks for it  [default: the login name]")
@click.option("--refit", is_flag=True, help="Fit anew, where `retraining.update` says partial_fit.")
@json_option
def command(model: str, actor: str | None, refit: bool, as_json: bool) -> None:
    """Train and judge a candidate now; land and build what it needs first.

    A candidate that passes the gate is released and packaged. Losing is a normal outcome.
    """
    with by_hand(model, actor or login_name(), quiet=as_json) as running:
        outcome = running.train(refit=refit)
    if as_json:
        answer(outcome.model_dump(mode="json"))
        return
    say(outcome.text)
    for line in (*_next(outcome), *store_notes(model)):
        say(f"  {line}")


def store_notes(model: str) -> list[str]:
    """What is wrong with what a service looks up by entity; nothing where it needs no store."""
    from mlops_platform.components.models import declared_spec
    from mlops_platform.usecases.deployment import open_deployment
    from mlops_platform.usecases.service.export_online import store_freshness

    deployment, spec = open_deployment(), declared_spec(model)
    serves = deployment.ledger.current_release(model) is not None
    if spec.serving.online_store is None or not serves:
        return []
    judged = store_freshness(deployment, spec, datetime.now(UTC))
    return [] if judged.fresh else [f"its online store answers nobody: {judged.reason}"]


def _next(outcome: "TrainingOutcome") -> list[str]:
    """What to do or to look at now: commands, files and scores."""
    model = outcome.model
    card = settings().model_home(model) / "cards" / f"v{outcome.version}" / "model_card.html"
    if outcome.release is not None:
        return [
            f"mlops predict {model} FILE   # score a file of its features",
            f"mlops serve {model}   # answer requests",
            f"{card}   # its card",
        ]
    if outcome.trial == "manual":
        return [
            f"{card}   # its card: read it first",
            f"mlops approve {model} --reason ...   # or --reject: nothing else releases it",
        ]
    if outcome.version is not None:
        return [f"mlops approve {model} --reason ...   # or wait for its verdict: mlops status"]
    scores = ", ".join(
        f"{name} {'pruned' if score is None else f'{score:.4f}'}"
        for name, score in outcome.search_scores.items()
    )
    return [
        *([f"{outcome.search_metric} in the search: {scores}"] if scores else []),
        f"mlops why {model}   # every criterion of the gate",
        f"{settings().mlflow_ui_url}   # `mlops up`; run {outcome.mlflow_run}: figures and trials",
    ]
