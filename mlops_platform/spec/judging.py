"""What a candidate is measured on, and what it must reach to be released."""

from collections.abc import Mapping
from types import MappingProxyType
from typing import Annotated, ClassVar, Final

from pydantic import Field

from mlops_platform.record import left_out_where
from mlops_platform.section import Identifier, Section
from mlops_platform.spec.limit import Limit
from mlops_platform.spec.retraining.split import ResamplingUnit

MIN_EVENTS: Final = 50
MOST_SHIFT: Final = 0.3


class PartialDependenceSpec(Section):
    """Curves of predictions over the features that a model leans on most."""

    features: Annotated[int, Field(ge=0, le=20)] = Field(
        default=6, description="How many features are shown; 0 shows none."
    )
    values: Annotated[int, Field(ge=2, le=50)] = Field(
        default=20, description="Values along a curve; of categories those of most rows."
    )
    rows: Annotated[int, Field(ge=50)] = Field(
        default=300, description="Test rows that a curve is the mean of."
    )


class EvaluationSpec(Section):
    """Which tables and figures the evaluation shows."""

    retired: ClassVar[Mapping[str, str]] = MappingProxyType(
        {
            "calibration_bins": (
                "`calibration_bins` belongs to the task: write `task.calibration_bins`"
            )
        }
    )

    subgroups: tuple[Identifier, ...] = Field(
        default=(), description="Columns whose values are evaluated apart."
    )
    min_subgroup_rows: Annotated[int, Field(ge=1)] = Field(
        default=200, description="Smaller subgroups are shown but not judged."
    )
    permutation_rows: Annotated[int, Field(ge=100)] = Field(
        default=2000, description="Test rows used for permutation importance."
    )
    partial_dependence: PartialDependenceSpec = Field(
        default=PartialDependenceSpec(),
        description="How predictions depend on the leading features, in the model card.",
        exclude_if=left_out_where(PartialDependenceSpec()),
    )


class ImprovementSpec(Section):
    """How much less loss than the champion's, and how surely, a candidate must have."""

    retired: ClassVar[Mapping[str, str]] = MappingProxyType(
        {"metric": "versions are compared by the loss of the task: write `task.loss`"}
    )

    margin: Annotated[float, Field(ge=0)] = Field(
        default=0.0, description="The improvement must exceed this; a tie keeps the champion."
    )
    confidence: Annotated[float, Field(gt=0.5, lt=1)] = Field(
        default=0.8,
        description=(
            "One-sided confidence of the paired bootstrap over days; without event time over rows, "
            "or groups."
        ),
    )
    resamples: Annotated[int, Field(ge=200)] = Field(
        default=2000, description="Samples that the bootstrap draws."
    )
    min_days: Annotated[int, Field(ge=1)] = Field(
        default=5, description="With fewer common unseen days the verdict is `wait`."
    )
    min_rows: Annotated[int, Field(ge=1)] = Field(
        default=50,
        description="Likewise rows, where they have no event time.",
        exclude_if=left_out_where(50),
    )
    min_groups: Annotated[int, Field(ge=1)] = Field(
        default=10,
        description="Likewise groups, where `training.history.split` is by group.",
        exclude_if=left_out_where(10),
    )

    def fewest(self, unit: ResamplingUnit) -> int:
        """Common unseen days, rows or groups below which the verdict is `wait`."""
        return {"day": self.min_days, "row": self.min_rows, "group": self.min_groups}[unit]


class GateSpec(Section):
    """The criteria of release, the same for a first training and for every retraining."""

    retired: ClassVar[Mapping[str, str]] = MappingProxyType(
        {
            "minimum": "it is called `limits` now: write `gate.limits`",
            "better_than_base_rate": "write `better_than_baseline`",
            "max_expected_calibration_error": (
                "write `gate.limits.expected_calibration_error` instead"
            ),
            "max_subgroup_log_loss_ratio": "write `max_subgroup_loss_ratio`",
        }
    )

    min_events: Annotated[int, Field(ge=0)] = Field(
        default=MIN_EVENTS,
        exclude_if=lambda events: events == MIN_EVENTS,
        description=(
            "Fewest outcomes of each kind (positives and negatives of a classifier; else rows) in "
            "the test rows and in those fitted on: with fewer the verdict is `wait`. What is "
            "counted on 50 events is known to 14 %, on 100 to 10 %."
        ),
    )
    limits: dict[Identifier, Limit | None] = Field(
        default={},
        description=(
            "Worst accepted value per metric on the test rows, in the direction of the metric, or "
            "`{min: ..., max: ...}`. A limit that the task sets by itself is lifted by null."
        ),
    )
    better_than_baseline: bool = Field(
        default=True, description="The loss must surely be below that of the task's baseline."
    )
    baseline_confidence: Annotated[float, Field(gt=0.5, lt=1)] = Field(
        default=0.95,
        description=(
            "How surely: one-sided confidence of a paired bootstrap over the test days, where "
            "there are three or more. On labels without any signal every second model has the "
            "lower loss by luck."
        ),
    )
    improvement: ImprovementSpec = Field(
        default=ImprovementSpec(), description="What a candidate must have over the champion."
    )
    max_subgroup_loss_ratio: Annotated[float, Field(ge=1)] = Field(
        default=1.5,
        description="Worst subgroup's loss over that of a baseline that knows the subgroup.",
    )
    max_importance_shift: Annotated[float, Field(ge=0, le=1)] | None = Field(
        default=MOST_SHIFT,
        description=(
            "Share of the permutation importance that may lie on other features than in the "
            "champion; more is told, and refuses nothing by itself. Null tells nothing."
        ),
        exclude_if=left_out_where(MOST_SHIFT),
    )
    importance_shift_refuses: bool = Field(
        default=False,
        description="Whether a larger shift rejects the candidate.",
        exclude_if=left_out_where(False),
    )
    max_row_cpu_milliseconds: Annotated[float, Field(gt=0)] = Field(
        default=50.0, description="CPU time of one prediction, at most."
    )
    max_artifact_megabytes: Annotated[float, Field(gt=0)] = Field(
        default=100.0, description="Size of the fitted pipeline, at most."
    )
