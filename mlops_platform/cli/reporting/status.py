"""`mlops status`: what serves, how well, and what was decided last."""

from datetime import UTC, datetime
from typing import TYPE_CHECKING

import click
from rich.text import Text

from mlops_platform.cli.console import console, folding_table, json_option, say, say_losses
from mlops_platform.clock import moment_text
from mlops_platform.settings import DBT_PROJECT, settings
from mlops_platform.usecases.deployment import open_deployment

if TYPE_CHECKING:
    from mlops_platform.settings import Settings
    from mlops_platform.usecases.adjustment.state import AdjustmentState
    from mlops_platform.usecases.reporting.status import (
        ChallengerStatus,
        DeploymentStatus,
        ModelStatus,
        ProofStatus,
        WindowStatus,
    )

LARGE = 10
COLUMNS = {
    "model": None,
    "champion": 12,
    "latest window": 11,
    "loss": 17,
    "drifted": 7,
    "last decision": 10,
}


@click.command()
@json_option
def command(as_json: bool) -> None:
    """Show for every model what serves, how well, and what was decided last."""
    status = _deployment_status()
    if as_json:
        click.echo(status.to_public(indent=2))
    else:
        _show(status)


def _deployment_status() -> "DeploymentStatus":
    from mlops_platform.components.known_models import known_models
    from mlops_platform.components.window_records import recorded_windows
    from mlops_platform.usecases.incidents.acknowledge import incidents_in
    from mlops_platform.usecases.ledger.anchors import lost_by_model, require_ledger
    from mlops_platform.usecases.reporting.status import DeploymentStatus, model_status

    deployment = open_deployment()
    require_ledger(deployment)
    return DeploymentStatus(
        as_of=datetime.now(UTC),
        lost=lost_by_model(deployment),
        models=tuple(
            model_status(
                deployment,
                name,
                spec,
                recorded_windows(name),
                incidents_in(deployment.incident_log, name).values(),
            ).model_copy(update={"proof": _proof(deployment.settings, name)})
            for name, spec in known_models(deployment.ledger).items()
        ),
    )


def _proof(place: "Settings", model: str) -> "ProofStatus | None":
    from mlops_platform.data.features.project.sources import project_digest
    from mlops_platform.usecases.proof.records import last_proof
    from mlops_platform.usecases.reporting.status import ProofStatus

    proof = last_proof(place.model_home(model))
    if proof is None:
        return None
    return ProofStatus.of(proof, project_digest(DBT_PROJECT))


def _show(status: "DeploymentStatus") -> None:
    for name, lost in status.lost.items():
        say_losses(name, lost)
    say(f"as of {moment_text(status.as_of)}")
    for moment, models in _replayed(status).items():
        console.print(_replay_text(moment, models), highlight=False, markup=False)
    if not status.models:
        say("no model is declared; `mlops init --data FILE` makes one")
        return
    table = folding_table(COLUMNS)
    for model in status.models:
        table.add_row(
            _name(model),
            _champion(model),
            _window(model.window),
            _loss(model.window),
            _drift(model.window),
            _last_decision(model),
        )
    console.print(table)
    for model in status.models:
        if _waits_for_training(model):
            # Outside the table, so that it can be copied in one piece.
            say(f"mlops train {model.model}")
        for decision in dict.fromkeys((model.retired, model.frozen, model.last_decision)):
            if decision is not None:
                head = f"{model.model} {decision.kind} by {decision.actor}: "
                console.print(Text.assemble((head, "bold"), decision.reason))


def _replayed(status: "DeploymentStatus") -> dict[datetime, list[str]]:
    """Models whose replays have reached the same moment."""
    models: dict[datetime, list[str]] = {}
    for model in status.models:
        if model.replayed:
            models.setdefault(model.as_of, []).append(model.model)
    return models


def _replay_text(moment: datetime, models: list[str]) -> str:
    reached = "which a replay of history has reached"
    sentence = f"{', '.join(models)} as of {moment_text(moment)}, {reached}"
    clock = settings().replay_clock(models[0])
    if len(models) == 1:
        return f"{sentence}; without {clock} it lives in the present"
    return f"{sentence} of each; without its file in {clock.parent} a model lives in the present"


def _name(model: "ModelStatus") -> Text:
    name = Text(model.model, style="bold")
    if model.retired is not None:
        name.append(f"\nretired by {model.retired.actor}", style="yellow")
    if model.frozen is not None:
        name.append(f"\nfrozen by {model.frozen.actor}", style="yellow")
    for kind, count, style in (
        ("page", model.open_pages, "red"),
        ("ticket", model.open_tickets, "yellow"),
    ):
        if count:
            name.append(f"\n{count} {kind}{'s' if count > 1 else ''} open", style=style)
    if model.proof is not None:
        name.append(*_proved(model.proof))
    if not (model.declared or model.retired):
        name.append("\nno YAML declares it", style="yellow")
    return name


def _proved(proof: "ProofStatus") -> tuple[str, str]:
    """What was proved of its tables, and the style of it."""
    if proof.outcome == "failed":
        words, style = "tables failed", "red"
    else:
        words = "tables proved" + ("" if proof.outcome == "proved" else " in part")
        style = "green" if proof.outcome == "proved" and proof.same_project else "yellow"
    changed = "" if proof.same_project else "\nand changed since"
    return f"\n{words}\n{proof.proved_at:%Y-%m-%d}{changed}", style


def _champion(model: "ModelStatus") -> Text:
    champion = model.champion
    if champion is None:
        if model.challenger is not None:
            return Text.assemble("none yet", (_challenger(model.challenger), "cyan"))
        return Text("none yet" if _waits_for_training(model) else "none")
    lines = Text(
        f"version {champion.version}\n"
        f"release {champion.release} since\n"
        f"{moment_text(champion.since)}\n"
        f"{champion.decision.kind} by\n{champion.decision.actor}"
    )
    if model.adjustment is not None:
        lines.append(_adjustment(model.adjustment))
    reported = model.reported
    if reported is not None and reported.event == "refused":
        lines.append(f"\nrelease {reported.release} refused\nby a worker", style="red")
    elif reported is not None and reported.event != "stopped":
        behind = reported.release != champion.release
        lines.append(
            f"\nworkers report\nrelease {reported.release}", style="yellow" if behind else "green"
        )
    if model.challenger is not None:
        lines.append(_challenger(model.challenger), style="cyan")
    return lines


def _waits_for_training(model: "ModelStatus") -> bool:
    return (
        model.champion is None
        and model.challenger is None
        and model.declared
        and model.retired is None
    )


def _adjustment(adjustment: "AdjustmentState") -> Text:
    if adjustment.stale:
        return Text(f"\nadjusted {adjustment.number}\n{adjustment.behind_days} days old", "red")
    return Text(f"\nadjusted {adjustment.number}", "green")


def _challenger(challenger: "ChallengerStatus") -> str:
    lacks = "" if challenger.bento else "\nwithout a Bento"
    if challenger.mode == "manual":
        return (
            f"\nversion {challenger.version} waits for\n`mlops approve` since\n"
            f"{moment_text(challenger.since)}{lacks}"
        )
    share = f" of {100 * challenger.share:.0f} %" if challenger.share else ""
    return (
        f"\nchallenger {challenger.version}\n{challenger.mode}{share} since\n"
        f"{moment_text(challenger.since)}{lacks}"
    )


def _window(window: "WindowStatus | None") -> str:
    if window is None:
        return "none scored yet"
    known = window.outcomes_known
    outcomes = "" if known is None else f"\n{100 * known:.0f} % known"
    return f"{window.name}\n{window.state}{outcomes}"


def _loss(window: "WindowStatus | None") -> str:
    if window is None or window.state in ("unmeasured", "empty"):
        return ""
    losses = window.losses
    return (
        f"{_figure(losses.loss)}\n{losses.name}\n"
        f"expected {_figure(losses.promised_loss)}\n"
        f"test {_figure(losses.test_loss)}\n"
        f"baseline {_figure(losses.baseline_loss)}\n"
        f"estimate {_figure(losses.estimated_loss)}"
        + ("\nerrors changed" if window.change_point else "")
    )


def _drift(window: "WindowStatus | None") -> str:
    if window is None or window.drift_share is None:
        return ""
    alarm = "\nalarm" if window.drift_alarm else ""
    return f"{100 * window.drift_share:.0f} %\noutputs\n{window.prediction_drift:.3f}{alarm}"


def _last_decision(model: "ModelStatus") -> str:
    decision = model.last_decision
    if decision is None:
        return "none"
    day, _, at = moment_text(decision.made_at).partition(" ")
    return f"{decision.kind}\n{day}\n{at}"


def _figure(number: float | None) -> str:
    if number is None:
        return "unknown"
    # Of so many characters that a line is none too long for 80 columns.
    return f"{number:.4f}" if abs(number) < LARGE else f"{number:,.4g}"
