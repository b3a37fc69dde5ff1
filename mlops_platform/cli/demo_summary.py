"""What the demo did, as tables."""

from collections.abc import Mapping
from typing import Any

import dagster as dg
from rich.table import Table

from mlops_platform.cli.console import console
from mlops_platform.components.record_io_manager import latest_record
from mlops_platform.settings import settings
from mlops_platform.usecases.package import PackagedRelease
from mlops_platform.usecases.register import RegisteredCandidate


def first_champion(model: str) -> dict[str, Any]:
    """What the first training made, read from the records of its assets before a second one."""
    # Not the gate's latest verdict: a later candidate may have lost to this champion.
    judged = latest_record(dg.AssetKey([model, "registered_version"]), RegisteredCandidate).judged
    packaged = latest_record(dg.AssetKey([model, "bento"]), PackagedRelease)
    evaluated, candidate = judged.evaluated, judged.evaluated.candidate
    training_set = candidate.training_set
    names = dict.fromkeys(trial.candidate for trial in candidate.recipe.trials)
    return {
        "model": model,
        "training_set": {
            "hash": training_set.hash,
            "rows": training_set.rows,
            "positive_rate": training_set.positive_rate,
            "first_day": str(training_set.first_local_date),
            "last_day": str(training_set.last_local_date),
        },
        "candidates": {name: candidate.recipe.best_score_of(name) for name in names},
        "winner": candidate.recipe.candidate,
        "search_metric": candidate.recipe.metric,
        "test": {
            "rows": evaluated.evaluation.rows,
            **evaluated.evaluation.metrics.model_dump(),
            "base_rate_log_loss": evaluated.evaluation.base_rate.log_loss,
        },
        "verdict": judged.verdict.outcome,
        "reason": judged.verdict.reason,
        "gate": [
            {"name": found.name, "passed": found.passed, "found": found.description}
            for found in judged.verdict.criteria
        ],
        "version": packaged.release.version,
        "release": packaged.release.sequence,
        "bento_tag": packaged.bento.tag,
        "parity": packaged.parity.model_dump(),
    }


def show(summary: Mapping[str, Any]) -> None:
    """Print the summary for a person."""
    console.print(_done(summary), _scores(summary), _gate(summary))
    home, model = settings().home, summary["model"]
    card = settings().model_home(model) / "cards" / f"v{summary['version']}" / "model_card.html"
    console.print(
        f"\nmodel card   {card}\nsummary      {settings().demo / 'summary.json'}\n"
        f"serve it     BENTOML_HOME={settings().bentoml_home} "
        f".venv/bin/bentoml serve {summary['bento_tag']}\n"
        f"look around  [bold]make up[/], then http://127.0.0.1:3000 (Dagster) and "
        f"{settings().mlflow_ui_url} (MLflow)\nall state is under {home}",
        soft_wrap=True,
        highlight=False,
    )


def _done(summary: Mapping[str, Any]) -> Table:
    training_set, test = summary["training_set"], summary["test"]
    table = Table(title=f"{summary['model']}: the first champion", show_header=False)
    rows = {
        "training set": f"{training_set['rows']:,} flights, {training_set['first_day']} to "
        f"{training_set['last_day']}, {training_set['positive_rate']:.1%} late",
        "hash": training_set["hash"][:16],
        "verdict": summary["reason"],
        "test log loss": f"{test['log_loss']:.4f} (base rate {test['base_rate_log_loss']:.4f}) on "
        f"{test['rows']:,} flights",
        "test ROC AUC": f"{test['roc_auc']:.4f}",
        "released": f"version {summary['version']} as release {summary['release']}",
        "Bento": f"{summary['bento_tag']}, equal to the pipeline on "
        f"{summary['parity']['rows']:,} rows within {summary['parity']['max_difference']:.0e}",
        "seconds": ", ".join(f"{name} {took:.1f}" for name, took in summary["seconds"].items()),
    }
    for name, text in rows.items():
        table.add_row(name, text)
    return table


def _scores(summary: Mapping[str, Any]) -> Table:
    table = Table("candidate", f"search {summary['search_metric']}", "")
    for name, score in summary["candidates"].items():
        won = "winner" if name == summary["winner"] else ""
        table.add_row(name, "pruned" if score is None else f"{score:.4f}", won)
    return table


def _gate(summary: Mapping[str, Any]) -> Table:
    table = Table("criterion of the gate", "", "found")
    for found in summary["gate"]:
        mark = {True: "[green]✓[/]", False: "[red]✗[/]", None: "…"}[found["passed"]]
        table.add_row(found["name"], mark, found["found"])
    return table
