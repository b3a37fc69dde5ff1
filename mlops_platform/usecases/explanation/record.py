"""ExplainedPrediction: one prediction, and what each feature adds to it."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from pydantic import Field

from mlops_platform.column_kind import Value
from mlops_platform.record import Record, left_out_where_empty
from mlops_platform.serving.scoring.rounding import TOLERANCE


class Contribution(Record):
    """What one feature adds, and the value that it has in the row."""

    feature: str
    value: Value
    contribution: float


class Additive(Record):
    """Contributions that add up to `total`.

    Attributes:
        scale: of all these numbers: the log-odds of a probability, the score of a class, or the
            number itself.
        base: without knowing any feature.
        total: the base and all contributions.
        contributions: largest first, whatever their sign.
    """

    scale: str
    base: float
    total: float
    contributions: tuple[Contribution, ...]


class ExplainedPrediction(Record):
    """A prediction and why it is what it is.

    Attributes:
        source: what was explained, in words.
        entity: None where nobody named one.
        time: when it was answered; None where it is answered now.
        role: of the version that answered.
        release: in whose name it answered.
        answer: by field, as it was answered.
        difference: how far the version's answer now is from it; None where it is answered now, or
            cannot be.
        additive: None where there are no exact contributions, for the `reason`, and where there
            are those of classes.
        classes: contributions by class, in their order, of a model that tells several apart.
    """

    model: str
    source: str
    entity: str | None
    time: datetime | None
    role: str
    version: str
    release: int
    adjustment: int
    answer: dict[str, Any]
    difference: float | None
    additive: Additive | None
    classes: dict[str, Additive] = Field(default={}, exclude_if=left_out_where_empty)
    reason: str | None

    @property
    def is_explained(self) -> bool:
        """Whether there are exact contributions."""
        return self.additive is not None or bool(self.classes)

    @property
    def agrees(self) -> bool:
        """Whether what is explained is what was answered."""
        return self.difference is None or self.difference <= TOLERANCE
