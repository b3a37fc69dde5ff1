"""The model card, with the sections of Mitchell et al. 2019 ("Model Cards for Model Reporting")."""

from __future__ import annotations

from datetime import date, datetime
from typing import Any

from pydantic import Field

from mlops_platform.column_kind import KindName
from mlops_platform.fairness.audit import AuditedColumn
from mlops_platform.fairness.record import Fairness
from mlops_platform.record import Record, left_out_where_empty
from mlops_platform.tasks import DetailTable
from mlops_platform.tasks.weights import WeightFacts
from mlops_platform.training.explaining.dependence import PartialDependence
from mlops_platform.training.explaining.importance import GroupImportance, Importance
from mlops_platform.training.explaining.shift import ImportanceShift
from mlops_platform.training.judging.criteria import Criterion
from mlops_platform.training.judging.gate import Outcome
from mlops_platform.training.judging.subgroups import Subgroup
from mlops_platform.training.split import PartFacts


class DataFacts(Record):
    """What the training set is, as its snapshot tells it.

    Args:
        sampled_rows: of the final fit, where it was made on a sample; None where on all rows.
        weights: of the rows; None where all count the same.
        resampling_text: what resampling by class made of the training part; None without it.
        made_text: how it went on from an earlier version, or why it was fitted anew all the same;
            None where no updates are declared.
        taught: whether it went on.
        audit: rows, outcomes and missing values by group of people.
    """

    hash: str
    rows: int
    targets_text: str
    first_day: date
    last_day: date
    tables: tuple[str, ...]
    as_of: datetime
    parts: tuple[PartFacts, ...]
    sampled_rows: int | None = Field(default=None, exclude_if=left_out_where_empty)
    weights: WeightFacts | None = Field(default=None, exclude_if=left_out_where_empty)
    resampling_text: str | None = Field(default=None, exclude_if=left_out_where_empty)
    made_text: str | None = Field(default=None, exclude_if=left_out_where_empty)
    taught: bool = Field(default=False, exclude_if=left_out_where_empty)
    audit: tuple[AuditedColumn, ...] = Field(default=(), exclude_if=left_out_where_empty)


class VersionFacts(Record):
    """What the registry tells about the version; `provenance` is shown as it is, by label."""

    version: str
    created_at: datetime
    provenance: dict[str, str] = Field(default={})


class ModelDetails(Record):
    """Who made the model, when and how.

    Args:
        features: by kind; without the kinds that it has none of.
        has_event_time: without one, the days of rows are those on which they landed.
    """

    name: str
    version: str
    created_at: datetime
    description: str
    owners: tuple[str, ...]
    contact: str
    license: str
    task: str
    task_options: dict[str, Any]
    has_event_time: bool = True
    label: str
    features: dict[KindName, tuple[str, ...]]
    candidate: str
    algorithm: str
    transformers: tuple[str, ...]
    parameters: dict[str, Any]
    candidates_tried: dict[str, float | None]
    trials: int
    search_metric: str
    provenance: dict[str, str]


class IntendedUse(Record):
    """What the model is for and what it is not for."""

    primary_use: str
    out_of_scope: str


class Factors(Record):
    """Groups that could matter, and those that were evaluated apart."""

    relevant: tuple[str, ...]
    evaluated: tuple[str, ...]
    sensitive: tuple[str, ...]


class MetricRow(Record):
    """One performance measure, beside that of the baseline."""

    name: str
    meaning: str
    value: float
    baseline: float
    headline: bool


class MetricsSection(Record):
    """Measures, how predictions follow from the model, and how uncertainty is treated."""

    measures: tuple[MetricRow, ...]
    loss: str
    baseline_name: str
    constants_text: str
    uncertainty: str
    skill_text: str = Field(default="", exclude_if=left_out_where_empty)


class EvaluationData(Record):
    """The rows on which the numbers of the card were measured."""

    rows: int
    first_day: date
    last_day: date
    targets_text: str
    motivation: str
    preprocessing: str
    weights: WeightFacts | None = Field(default=None, exclude_if=left_out_where_empty)


class QuantitativeAnalyses(Record):
    """Unitary results (one factor at a time), intersectional ones (two), and the gate's verdict.

    Attributes:
        worse_groups: a sentence on groups that do worse than their own baseline; None without any.
    """

    unitary: tuple[Subgroup, ...]
    intersectional: tuple[Subgroup, ...]
    worse_groups: str | None = Field(default=None, exclude_if=left_out_where_empty)
    details: tuple[DetailTable, ...]
    importances: tuple[Importance, ...]
    importance_groups: tuple[GroupImportance, ...] = Field(
        default=(), exclude_if=left_out_where_empty
    )
    dependences: tuple[PartialDependence, ...] = Field(default=(), exclude_if=left_out_where_empty)
    importance_shift: ImportanceShift | None = Field(default=None, exclude_if=left_out_where_empty)
    outcome: Outcome
    reason: str
    criteria: tuple[Criterion, ...]
    fairness: Fairness | None = Field(default=None, exclude_if=left_out_where_empty)


class Card(Record):
    """One model card; its JSON is `model_dump_json`."""

    model_details: ModelDetails
    intended_use: IntendedUse
    factors: Factors
    metrics: MetricsSection
    evaluation_data: EvaluationData
    training_data: DataFacts
    quantitative_analyses: QuantitativeAnalyses
    ethical_considerations: str
    caveats_and_recommendations: str
