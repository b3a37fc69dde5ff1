"""What a candidate is measured on, and what it must reach to be released."""

from typing import Annotated, Literal

from pydantic import Field

from mlops_platform.section import Identifier, Section, Share

Metric = Literal[
    "log_loss",
    "brier_score",
    "roc_auc",
    "average_precision",
    "expected_calibration_error",
    "precision",
    "recall",
    "f1",
    "expected_cost",
]
LOWER_IS_BETTER: frozenset[Metric] = frozenset(
    {"log_loss", "brier_score", "expected_calibration_error", "expected_cost"}
)


class EvaluationSpec(Section):
    """Which tables and figures the evaluation shows."""

    subgroups: tuple[Identifier, ...] = Field(
        default=(), description="Columns whose values are evaluated apart."
    )
    min_subgroup_rows: Annotated[int, Field(ge=1)] = Field(
        default=200, description="Smaller subgroups are shown but not judged."
    )
    calibration_bins: Annotated[int, Field(ge=2, le=100)] = 10
    permutation_rows: Annotated[int, Field(ge=100)] = Field(
        default=2000, description="Test rows used for permutation importance."
    )


class ImprovementSpec(Section):
    """How much better than the champion, and how surely, a candidate must be."""

    metric: Literal["log_loss", "brier_score"] = "log_loss"
    margin: Annotated[float, Field(ge=0)] = Field(
        default=0.0, description="The improvement must exceed this; a tie keeps the champion."
    )
    confidence: Annotated[float, Field(gt=0.5, lt=1)] = Field(
        default=0.8, description="One-sided confidence of the paired bootstrap over days."
    )
    resamples: Annotated[int, Field(ge=200)] = 2000
    min_days: Annotated[int, Field(ge=1)] = Field(
        default=5, description="With fewer common unseen days the verdict is `wait`."
    )


class GateSpec(Section):
    """The criteria of release, the same for a first training and for every retraining."""

    minimum: dict[Metric, float] = Field(
        default={}, description="Worst accepted value per metric on the test rows."
    )
    better_than_base_rate: bool = Field(
        default=True, description="Log loss must beat always predicting the training base rate."
    )
    improvement: ImprovementSpec = ImprovementSpec()
    max_expected_calibration_error: Share = 0.1
    max_subgroup_log_loss_ratio: Annotated[float, Field(ge=1)] = Field(
        default=1.5,
        description="Worst subgroup's log loss over that of its own base rate.",
    )
    max_row_cpu_milliseconds: Annotated[float, Field(gt=0)] = 50.0
    max_artifact_megabytes: Annotated[float, Field(gt=0)] = 100.0
