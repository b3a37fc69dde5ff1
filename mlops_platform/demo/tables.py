"""Everything that the demo did, as tables for a file."""

from collections.abc import Mapping
from io import StringIO
from typing import Any

from rich.console import Console
from rich.table import Table

WIDTH = 160


def tables_text(summary: Mapping[str, Any]) -> str:
    """Every table as plain text, as wide as it needs to be."""
    text = StringIO()
    console = Console(file=text, width=WIDTH)
    console.print(_done(summary), _scores(summary), _gate(summary))
    if summary["windows"]:
        console.print(_windows(summary), _retrainings(summary))
    return text.getvalue()


def _windows(summary: Mapping[str, Any]) -> Table:
    table = Table(
        *("window", "version", "drift", "served", "frozen", "base rate", "decision", "why"),
        title="log loss by window (* provisional: not all of its labels are in; ! drift alarm)",
    )
    for row in summary["windows"]:
        losses = [
            "–" if row[f"loss_{name}"] is None else f"{row[f'loss_{name}']:.4f}"
            for name in ("served", "frozen", "baseline")
        ]
        served, frozen, base_rate = losses
        table.add_row(
            row["start"],
            f"v{row['version']}",
            f"{row['drift_share']:.0%}{'!' if row['drift_alarm'] else ''}",
            served if row["mature"] else f"{served}*",
            frozen,
            base_rate,
            row["decision"],
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


def _done(summary: Mapping[str, Any]) -> Table:
    training_set, test = summary["training_set"], summary["test"]
    table = Table(title=f"{summary['model']}: the first champion", show_header=False)
    rows = {
        "training set": f"{training_set['rows']:,} flights, {training_set['first_day']} to "
        f"{training_set['last_day']}, {training_set['positive_rate']:.1%} late",
        "hash": training_set["hash"][:16],
        "verdict": summary["reason"],
        "test log loss": f"{test['loss']:.4f} (base rate {test['baseline_loss']:.4f}) on "
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
    for criterion in summary["gate"]:
        mark = {True: "✓", False: "✗", None: "…"}[criterion["passed"]]
        table.add_row(criterion["name"], mark, criterion["found"])
    return table
