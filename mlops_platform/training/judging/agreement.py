"""How alike a candidate and the champion answer on the same rows, whatever came of these."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

from pydantic import Field

from mlops_platform.record import Record, left_out_where_empty
from mlops_platform.tasks import DetailTable

if TYPE_CHECKING:
    from mlops_platform.tasks import Predictions, Task


class Agreement(Record):
    """Figures of the task, and what is behind them.

    Args:
        agreement: by name.
        agreement_notes: what is behind some of them, by name, as clauses.
        agreement_table: how the answers differ, where the task has a table for it.
    """

    agreement: dict[str, float] = Field(default={}, exclude_if=left_out_where_empty)
    agreement_notes: dict[str, str] = Field(default={}, exclude_if=left_out_where_empty)
    agreement_table: DetailTable | None = Field(default=None, exclude_if=left_out_where_empty)


def agreement_of(task: Task, champion: Predictions, candidate: Predictions) -> Agreement:
    """Every figure of the task by name; none where there is no row."""
    if not len(candidate):
        return Agreement()
    metrics = task.version_metrics
    notes = {
        name: metric.explain(champion, candidate)
        for name, metric in metrics.items()
        if metric.explain is not None
    }
    return Agreement(
        agreement={name: metric.compute(champion, candidate) for name, metric in metrics.items()},
        agreement_notes={name: note for name, note in notes.items() if note},
        agreement_table=task.version_table(champion, candidate),
    )


def agreement_text(measured: Agreement, least: Mapping[str, float]) -> str:
    """Each figure with its limit and what is behind it, as a clause."""
    demanded = {name: f" and must be at least {least[name]:g}" for name in least}
    notes = {name: f" ({note})" for name, note in measured.agreement_notes.items()}
    return ", ".join(
        f"{name.replace('_', ' ')} is {value:.3f}{demanded.get(name, '')}{notes.get(name, '')}"
        for name, value in measured.agreement.items()
    )
