"""What the demo did, as tables."""

import shlex
from collections.abc import Mapping
from typing import Any

from rich.console import Console
from rich.markup import escape
from rich.table import Table

from mlops_platform.settings import settings


def show(summary: Mapping[str, Any], console: Console) -> None:
    """Print the summary for a person."""
    console.print(_done(summary), _scores(summary), _gate(summary))
    if summary["windows"]:
        console.print(_windows(summary), _retrainings(summary))
        console.print(_in_words(summary), highlight=False)
    console.print(_places(summary), soft_wrap=True, highlight=False)


def _places(summary: Mapping[str, Any]) -> str:
    """Where to look next, as markup: a `[` in the name of the home is none."""
    demo, model, champion = settings().demo, summary["model"], summary["champion"]
    card = settings().model_home(model) / "cards" / f"v{champion['version']}" / "model_card.html"
    plots = f"plots        {demo / 'log_loss.png'}, {demo / 'drift.png'}\n"
    files = f"\nmodel card   {card}\nsummary      {demo / 'summary.json'}\n"
    bentos = f"BENTOML_HOME={shlex.quote(str(settings().bentoml_home))}"
    return (
        f"{escape(files + (plots if summary['windows'] else ''))}"
        f"serve it     {escape(bentos)} .venv/bin/bentoml serve {champion['bento_tag']}\n"
        f"look around  [bold]make up[/], then http://127.0.0.1:3000 (Dagster) and "
        f"{settings().mlflow_ui_url} (MLflow)\n"
        f"ask          .venv/bin/mlops status, .venv/bin/mlops why {model}, "
        ".venv/bin/mlops incidents\n"
        f"all state is under {escape(str(settings().home))}"
    )


def _windows(summary: Mapping[str, Any]) -> Table:
    table = Table(
        *("window", "version", "drift", "served", "frozen", "base rate", "decision", "why"),
        title="log loss by window (* provisional: not all of its labels are in; ! drift alarm)",
    )
    for row in summary["windows"]:
        losses = [
            "–" if row[f"log_loss_{name}"] is None else f"{row[f'log_loss_{name}']:.4f}"
            for name in ("served", "frozen", "base_rate")
        ]
        served, frozen, base_rate = losses
        table.add_row(
            row["start"],
            f"v{row['version']}",
            f"{row['drift_share']:.0%}{'!' if row['drift_alarm'] else ''}",
            served if row["mature"] else f"{served}*",
            frozen,
            base_rate,
            f"[bold]{row['decision']}[/]" if row["decision"] == "retrain" else row["decision"],
            row["reason"],
        )
    return table


def _retrainings(summary: Mapping[str, Any]) -> Table:
    table = Table("after", "because of", "trigger", "from", "to", "verdict", title="retrainings")
    for row in summary["retrainings"]:
        table.add_row(
            *(row["decided_after"], row["window"], row["trigger"], f"v{row['from']}"),
            f"v{row['to']}" if row["promoted"] else "–",
            row["reason"],
        )
    return table


def _in_words(summary: Mapping[str, Any]) -> str:
    """What retraining was worth, whatever it was worth."""
    known = [
        row
        for row in summary["windows"]
        if row["log_loss_served"] is not None and row["log_loss_frozen"] is not None
    ]
    rows = sum(row["rows"] for row in known) or 1
    served, frozen = (
        sum(row[f"log_loss_{name}"] * row["rows"] for row in known) / rows
        for name in ("served", "frozen")
    )
    retrained = [row for row in known if row["version"] != summary["version"]]
    better = sum(row["log_loss_served"] < row["log_loss_frozen"] for row in retrained)
    promoted = sum(row["promoted"] for row in summary["retrainings"])
    return (
        f"{len(summary['retrainings'])} retrainings, {promoted} promoted. Over all windows the "
        f"served models' log loss is {served:.4f}, the frozen first model's {frozen:.4f}. In the "
        f"{len(retrained)} windows that a later version served, it was better than the frozen "
        f"one in {better}."
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
