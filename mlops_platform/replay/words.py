"""What a replay calls the things that it tells of: those of any model, or of an example."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, Self

from mlops_platform.spec import ModelSpec

_KEYS = ("hash", "rows", "first_day", "last_day")
"""Of a training set in a summary; the others are what its outcomes are like."""


def facts_text(training_set: Mapping[str, Any], of_them: str) -> str:
    """What the outcomes of a training set are like, as the task names it."""
    return ", ".join(
        f"{name.replace('_', ' ')} {value:.4g}"
        for name, value in training_set.items()
        if name not in _KEYS
    )


@dataclass(frozen=True)
class Words:
    """Words of a summary.

    Args:
        rows, window: nouns, the first in the plural.
        facts: tells the outcomes of a training set; given what to put behind a share.
        headline: further metrics of the test, with their names.
    """

    loss: str
    baseline: str
    rows: str = "rows"
    window: str = "window"
    facts: Callable[[Mapping[str, Any], str], str] = facts_text
    headline: Mapping[str, str] = field(default_factory=dict)

    @classmethod
    def of(cls, spec: ModelSpec) -> Self:
        """Those of any model."""
        return cls(loss=spec.task.loss_name, baseline=spec.task.baseline_name)
