"""What the service answers."""

from __future__ import annotations

from typing import Literal

from mlops_platform.record import Record
from mlops_platform.serving.schema import FeatureSchema


class RowWarning(Record):
    """Something about a row that was answered nevertheless."""

    field: str
    kind: Literal["unknown_category"]
    message: str


class Score(Record):
    """The answer for one row: P(label), and whether it reaches the decision threshold."""

    entity: str | None
    probability: float
    decision: bool
    warnings: tuple[RowWarning, ...]


class Prediction(Score):
    """The answer for a single row, with what gave it."""

    model: str
    version: str
    sequence: int


class BatchPrediction(Record):
    """The answers for a batch, in the order of its rows, with what gave them."""

    model: str
    version: str
    sequence: int
    predictions: tuple[Score, ...]


class ServedModel(Record):
    """What the service serves: the release, how it decides, and what it takes."""

    model: str
    version: str
    sequence: int
    threshold: float
    training_set_hash: str
    schema_hash: str
    features: FeatureSchema
