"""What a candidate is measured on, and what it must reach to be released."""

from collections.abc import Mapping
from types import MappingProxyType
from typing import Annotated, Any, ClassVar, Final, Self

from pydantic import BeforeValidator, Field, FiniteFloat, model_validator

from mlops_platform.record import left_out_where, left_out_where_empty
from mlops_platform.section import Identifier, Section
from mlops_platform.spec.limit import Limit, LimitSpec
from mlops_platform.spec.retraining.split import ResamplingUnit

MIN_EVENTS: Final = 50
MOST_SHIFT: Final = 0.3
LEAST_CHANCE: Final = 0.5
MOST_NEAR_DUPLICATES: Final = 0.05


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


def group_name(value: Any) -> str:
    """What a group is called whose rows have a value: as YAML and JSON write it."""
    if isinstance(value, bool):
        return str(value).lower()
    return f"{value:.15g}" if isinstance(value, float) else str(value)


GroupName = Annotated[
    str, BeforeValidator(group_name, json_schema_input_type=str | bool | int | float)
]


class FairnessSpec(Section):
    """By which columns figures of groups are compared, in evaluations and windows."""

    columns: Annotated[tuple[Identifier, ...], Field(min_length=1)] = Field(
        description=(
            "Columns whose values are the groups: of `features.sensitive`, or features that are "
            "categorical or boolean. Each has 20 values at most; rows without one are a group."
        )
    )
    reference: dict[Identifier, GroupName] = Field(
        default={}, description="By column, the group that each other one is also compared with."
    )
    min_group_rows: Annotated[int, Field(ge=10)] = Field(
        default=50,
        description=(
            "Groups with fewer rows are shown and not compared; of a figure of some rows only, "
            "such as those with a positive outcome, these count."
        ),
    )
    confidence: Annotated[float, Field(gt=0.5, lt=1)] = Field(
        default=0.95,
        description=(
            "Of the intervals; those of gaps hold together, over all pairs of groups and all "
            "limits. A limit is broken where the whole interval is beyond it."
        ),
    )


class GapLimitSpec(Section):
    """How far a figure may differ between groups."""

    max_difference: Annotated[float, Field(ge=0)] | None = Field(
        default=None, description="Greatest minus least figure, at most."
    )
    min_ratio: Annotated[float, Field(gt=0, le=1)] | None = Field(
        default=None, description="Least over greatest figure, at least."
    )
    columns: Annotated[tuple[Identifier, ...], Field(min_length=1)] | None = Field(
        default=None,
        exclude_if=left_out_where(None),
        description=(
            "Of `evaluation.fairness.columns` those that it holds for; null is all. A column "
            "whose groups are too small for this figure leaves every candidate waiting."
        ),
    )

    @model_validator(mode="after")
    def _limits_something(self) -> Self:
        if not self.bounds:
            raise ValueError("it limits nothing; write `max_difference`, `min_ratio` or both")
        return self

    @property
    def bounds(self) -> int:
        """How many limits are declared, for each column."""
        return sum(bound is not None for bound in (self.max_difference, self.min_ratio))

    def holds_for(self, column: str) -> bool:
        """Whether gaps between groups of a column are limited."""
        return self.columns is None or column in self.columns


class SubgroupLimitSpec(LimitSpec):
    """Bounds of a figure of every single subgroup."""

    columns: Annotated[tuple[Identifier, ...], Field(min_length=1)] | None = Field(
        default=None,
        exclude_if=left_out_where(None),
        description="Of `evaluation.subgroups` those that it holds for; null is all.",
    )

    @property
    def bounds(self) -> int:
        """How many are declared, for each subgroup."""
        return sum(bound is not None for bound in (self.min, self.max))

    def holds_for(self, column: str) -> bool:
        """Whether subgroups by a column are limited."""
        return self.columns is None or column in self.columns


def _with_a_side(limit: Any) -> Any:
    """A figure of a group says nothing of a direction, as a metric does."""
    if isinstance(limit, int | float) and not isinstance(limit, bool):
        raise ValueError(
            f"{limit:g} alone may be the least or the greatest; write `{{min: {limit:g}}}` or "
            f"`{{max: {limit:g}}}`"
        )
    return limit


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
    fairness: FairnessSpec | None = Field(
        default=None,
        exclude_if=left_out_where_empty,
        description="Figures of groups of people and the gaps between them; null measures none.",
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
    better_than_rivals: bool = Field(
        default=False,
        exclude_if=left_out_where(False),
        description=(
            "Whether it must do better than the simple rules that its task compares with, such as "
            "a single column; else they are told beside it."
        ),
    )
    min_agreement: dict[Identifier, FiniteFloat | None] = Field(
        default={},
        exclude_if=left_out_where_empty,
        description=(
            "How alike champion and candidate must answer, by the figures of the task, such as "
            "`rank_agreement: 0.6`; else they are told. What a task demands by itself is lifted by "
            "null."
        ),
        examples=[{"rank_agreement": 0.6}],
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
    min_class_chance: Annotated[float, Field(gt=0, le=1)] | None = Field(
        default=LEAST_CHANCE,
        exclude_if=left_out_where(LEAST_CHANCE),
        description=(
            "Of several classes, each with `min_events` outcomes in the test rows: what chance the "
            "model gives these (a geometric mean) over the share of the class among the training "
            "rows, at least; of those rows where fewer than `min_events` training rows have it. A "
            "candidate that surely gives one class less is rejected. Null judges none."
        ),
    )
    fairness: dict[Identifier, GapLimitSpec] = Field(
        default={},
        exclude_if=left_out_where_empty,
        description=(
            "How far a figure of groups may differ, by its name. A candidate whose gap surely is "
            "wider is rejected, and a window whose gap is warns."
        ),
    )
    subgroup_limits: dict[
        Identifier, Annotated[SubgroupLimitSpec, BeforeValidator(_with_a_side)]
    ] = Field(
        default={},
        exclude_if=left_out_where_empty,
        description=(
            "Bounds of a figure of each subgroup of `evaluation.min_subgroup_rows` rows or more, "
            "by its name as in `gate.fairness`, such as the coverage that every carrier must have. "
            "A candidate is rejected where one surely is beyond: at 95 % confidence, all together."
        ),
        examples=[{"loss": {"max": 2.0}}],
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
    max_near_duplicates: Annotated[float, Field(ge=0, le=1)] | None = Field(
        default=MOST_NEAR_DUPLICATES,
        description=(
            "Share of the test rows whose texts may be nearly those of rows that the candidate was "
            "fitted or finished on; more is told, and refuses nothing by itself. Null tells "
            "nothing."
        ),
        exclude_if=left_out_where(MOST_NEAR_DUPLICATES),
    )
    near_duplicates_refuse: bool = Field(
        default=False,
        description="Whether a larger share rejects the candidate.",
        exclude_if=left_out_where(False),
    )
    max_row_cpu_milliseconds: Annotated[float, Field(gt=0)] = Field(
        default=50.0, description="CPU time of one prediction, at most."
    )
    max_artifact_megabytes: Annotated[float, Field(gt=0)] = Field(
        default=100.0, description="Size of the fitted pipeline, at most."
    )
