"""Rivals: simple rules that somebody could use instead, on the rows that judge a candidate."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from mlops_platform.record import Record
from mlops_platform.tasks import DetailTable, Predictions, Task

if TYPE_CHECKING:
    from mlops_platform.tasks import Rows


class Rival(Record):
    """A rule and what it comes to.

    Args:
        name: in words.
        loss: its own.
        metrics: those that are defined of it.
    """

    name: str
    loss: float
    metrics: dict[str, float]


def rivals_of(task: Task, train: Rows, test: Rows, predictions: Predictions) -> tuple[Rival, ...]:
    """Every rule of the task, measured as the candidate is.

    Args:
        train: rows by which a rule is chosen.
        test: rows that judge.
        predictions: of the candidate, of these.
    """
    measured = {
        name: task.measure(test.targets, stated)
        for name, stated in task.rivals(train, test, predictions).items()
    }
    return tuple(
        Rival(name=name, loss=metrics[task.loss], metrics=metrics)
        for name, metrics in measured.items()
    )


def rival_table(task: Task, rivals: Sequence[Rival], own: dict[str, float]) -> DetailTable:
    """The model and the rules side by side, by what is shown first."""
    names = [name for name, metric in task.all_metrics.items() if metric.headline and name in own]
    rows = [
        (rule, *(metrics.get(name, "not defined") for name in names))
        for rule, metrics in [
            ("the model", own),
            *((rival.name, rival.metrics) for rival in rivals),
        ]
    ]
    return DetailTable(
        title="Simple rules on the same rows",
        columns=("", *(name.replace("_", " ") for name in names)),
        rows=tuple(rows),
    )
