"""Everything that a replay did, as tables for a file."""

from collections.abc import Mapping
from io import StringIO
from typing import Any

from rich.console import Console
from rich.table import Table

from mlops_platform.replay.words import Words

WIDTH = 160


def tables_text(summary: Mapping[str, Any], words: Words) -> str:
    """Every table as plain text, as wide as it needs to be."""
    text = StringIO()
    console = Console(file=text, width=WIDTH)
    console.print(_done(summary, words), _scores(summary), _gate(summary))
    if summary["windows"]:
        console.print(_windows(summary, words), _retrainings(summary))
    return text.getvalue()


def _windows(summary: Mapping[str, Any], words: Words) -> Table:
    table = Table(
        *("window", "version", "drift", "served", "frozen", words.baseline, "decision", "why"),
        title=f"{words.loss} by window "
        "(* provisional: not all of its labels are in; ! drift alarm)",
    )
    for row in summary["windows"]:
        losses = [
            "–" if row[f"loss_{name}"] is None else f"{row[f'loss_{name}']:.4f}"
            for name in ("served", "frozen", "baseline")
        ]
        served, frozen, baseline = losses
        table.add_row(
            row["start"],
            f"v{row['version']}",
            _drift(row),
            served if row["mature"] else f"{served}*",
            frozen,
            baseline,
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


def _drift(row: Mapping[str, Any]) -> str:
    """Share of the columns; a window without rows has none."""
    share = "–" if row["drift_share"] is None else f"{row['drift_share']:.0%}"
    return f"{share}{'!' if row['drift_alarm'] else ''}"


def _done(summary: Mapping[str, Any], words: Words) -> Table:
    training_set, test = summary["training_set"], summary["test"]
    table = Table(title=f"{summary['model']}: the first champion", show_header=False)
    rows = {
        "training set": f"{training_set['rows']:,} {words.rows}, {training_set['first_day']} to "
        f"{training_set['last_day']}, {words.facts(training_set, '')}",
        "hash": training_set["hash"][:16],
        "verdict": summary["reason"],
        f"test {words.loss}": f"{test['loss']:.4f} ({words.baseline} "
        f"{test['baseline_loss']:.4f}) on {test['rows']:,} {words.rows}",
        **{f"test {name}": f"{test[metric]:.4f}" for metric, name in words.headline.items()},
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
