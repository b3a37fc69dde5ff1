"""How alike a candidate and the champion answer on the same rows, whatever came of these."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from mlops_platform.tasks import Predictions, Task


def agreement_of(task: Task, champion: Predictions, candidate: Predictions) -> dict[str, float]:
    """Every figure of the task by name; none where there is no row."""
    if not len(candidate):
        return {}
    return {
        name: metric.compute(champion, candidate) for name, metric in task.version_metrics.items()
    }


def agreement_text(agreement: Mapping[str, float], least: Mapping[str, float]) -> str:
    """Each figure with its limit, as a clause."""
    demanded = {name: f" and must be at least {least[name]:g}" for name in least}
    return ", ".join(
        f"{name.replace('_', ' ')} is {value:.3f}{demanded.get(name, '')}"
        for name, value in agreement.items()
    )
