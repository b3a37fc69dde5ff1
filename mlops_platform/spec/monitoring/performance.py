"""How realised performance is judged, estimated without labels, and watched for changes."""

from collections.abc import Mapping
from types import MappingProxyType
from typing import Annotated, Any, ClassVar, Final, Literal, Self

from pydantic import BeforeValidator, Field, model_validator

from mlops_platform.section import Identifier, PositiveDays, Section
from mlops_platform.spec.monitoring.levels import LevelsSpec, MetricLevelsSpec

CheckSeverity = Literal["off", "warn", "error"]
Positive = Annotated[float, Field(gt=0)]
Probability = Annotated[float, Field(gt=0, lt=1)]
_RETIRED: Final[Mapping[str, str]] = MappingProxyType(
    {
        name: f"`{name}` is no longer offered: remove it and use `cusum`, which finds more changes"
        for name in ("page_hinkley", "adwin", "hddm")
    }
)


def _offered(name: Any) -> Any:
    """Refused here, so that the error says what to use instead."""
    if name in _RETIRED:
        raise ValueError(_RETIRED[name])
    return name


DetectorName = Annotated[Literal["cusum", "rolling"], BeforeValidator(_offered)]


class CusumSpec(Section):
    """Cumulative sum of what exceeds an allowance; in standard deviations of the blocks."""

    allowance: Positive = Field(
        default=0.5, description="Half the shift that is to be found soonest."
    )
    decision_interval: Positive = Field(
        default=5.0,
        description="Sum that counts as a change: 5 gives one false alarm in 930 blocks, 4 in 340.",
    )


class RollingSpec(Section):
    """Mean of the last blocks against everything before."""

    blocks: Annotated[int, Field(ge=2)] = Field(
        default=14, description="Latest blocks whose mean is compared."
    )
    level: Positive = Field(
        default=3.0, description="Standard errors of such a mean that count as a change."
    )


class ChangeDetectionSpec(Section):
    """Detectors on the errors of one champion, from its held-out rows on."""

    retired: ClassVar[Mapping[str, str]] = _RETIRED

    detectors: tuple[DetectorName, ...] = Field(
        default=("cusum", "rolling"), description="Those that run; none switches detection off."
    )
    decides: DetectorName = Field(
        default="cusum", description="The detector whose finding counts as a change point."
    )
    block_rows: Annotated[int, Field(ge=20)] | None = Field(
        default=None,
        description=(
            "Rows of one block; null makes a block of every day, because rows of one day resemble "
            "each other, or without event time of 20 rows. Small blocks find a change sooner where "
            "rows are independent."
        ),
    )
    severity: CheckSeverity = Field(default="warn", description="Severity of a change point.")
    cusum: CusumSpec = Field(default=CusumSpec(), description="Settings of the cumulative sum.")
    rolling: RollingSpec = Field(default=RollingSpec(), description="Settings of the rolling mean.")

    @model_validator(mode="after")
    def _the_deciding_detector_runs(self) -> Self:
        if self.detectors and self.decides not in self.detectors:
            raise ValueError(
                f"`decides: {self.decides}` does not run; add it to `detectors`, or name one of "
                f"{', '.join(self.detectors)}"
            )
        return self


class PerformanceSpec(Section):
    """Realised performance against the champion's own test figures and the baseline."""

    retired: ClassVar[Mapping[str, str]] = MappingProxyType(
        {
            "log_loss_increase": "write `loss_increase`",
            "better_than_base_rate": "write `better_than_baseline`",
            "calibration_error": (
                "write `levels: {expected_calibration_error: {warn: ..., error: ...}}`"
            ),
        }
    )

    mature_after_days: Annotated[int, Field(ge=0)] = Field(
        default=2,
        description=(
            "A window is mature this long after its last label could be reported: its end plus "
            "the label's reporting delay."
        ),
    )
    loss_increase: LevelsSpec = Field(
        default=LevelsSpec(warn=0.02, error=0.05),
        description="Levels of a mature window's loss over what the champion's test promises.",
    )
    better_than_baseline: CheckSeverity = Field(
        default="warn", description="Severity where the task's baseline did as well."
    )
    levels: dict[Identifier, MetricLevelsSpec | None] = Field(
        default={},
        description=(
            "From where a mature window's metrics alarm, in the direction of the metric, or "
            "beyond `{min: ..., max: ...}`. Levels that the task sets by itself are lifted by null."
        ),
    )
    outcomes_missing: LevelsSpec = Field(
        default=LevelsSpec(warn=0.05),
        description=(
            "Levels of the share of a mature window's outcomes that are not known although, by "
            "the delays of the other windows, they should be."
        ),
    )
    interval_confidence: Probability = Field(
        default=0.98, description="Confidence of the intervals of a window's figures."
    )
    estimate_from_days: PositiveDays = Field(
        default=28,
        description=(
            "Latest matured days of a release by which its predictions are corrected to estimate "
            "the performance of a window without its labels."
        ),
    )
    change_detection: ChangeDetectionSpec = Field(
        default=ChangeDetectionSpec(),
        description="Detectors of changes in the errors of the champion.",
    )
