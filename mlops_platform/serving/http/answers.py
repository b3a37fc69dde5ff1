"""What the service answers; the documentation is made of these, and tests hold answers to them."""

from __future__ import annotations

from datetime import datetime
from typing import Any, Literal

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
    version: str
    sequence: int
    role: Literal["champion", "challenger"]


class Prediction(Score):
    """The answer for a single row."""

    model: str
    request_id: str


class EntityPrediction(Prediction):
    """The answer for an entity, from its latest features.

    Args:
        event_time: the moment as of which the features were computed.
        feature_age_seconds: how long ago they were exported.
    """

    event_time: datetime
    feature_age_seconds: float


class BatchPrediction(Record):
    """The answers for a batch, in the order of its rows.

    Version and sequence are the champion's; during a canary a row may name the challenger's.
    """

    model: str
    version: str
    sequence: int
    request_id: str
    predictions: tuple[Score, ...]


class ExplainedPrediction(Prediction):
    """The answer for a single row, and what each feature adds to its log-odds.

    Args:
        base: log-odds before any feature; `base` and all contributions add up to `log_odds`.
    """

    base: float
    log_odds: float
    contributions: dict[str, float]


class ServedModel(Record):
    """What the service serves: the release, how it decides, what it takes, and its card.

    Args:
        run_id: the MLflow run that the version comes from.
        environment_hash: names the packages that the Bento is pinned to.
        folded: whether single rows take the fast path, proved equal to the pipeline.
        not_folded: why they do not.
        explained: whether `/v1/explain` answers.
        not_explained: why it does not.
    """

    model: str
    version: str
    sequence: int
    run_id: str | None
    threshold: float
    training_set_hash: str
    schema_hash: str
    environment_hash: str
    folded: bool
    not_folded: str | None
    explained: bool
    not_explained: str | None
    features: FeatureSchema
    card: dict[str, Any] | None
    card_markdown: str | None


class Status(Record):
    """Whether the service is well."""

    status: Literal["alive", "ready"]
