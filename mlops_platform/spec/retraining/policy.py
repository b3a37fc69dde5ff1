"""The rules of when to retrain, alone and combined."""

from collections.abc import Mapping
from datetime import UTC, datetime
from types import MappingProxyType
from typing import Annotated, Any, ClassVar, Final, Literal, Self

from pydantic import BeforeValidator, Field, field_validator, model_validator

from mlops_platform.section import PositiveDays, Section, nearest_name

CRON_FIELDS: Final = 5
Windows = Annotated[int, Field(ge=1, description="Windows in a row that must fail.")]
Increase = Annotated[
    float, Field(gt=0, description="Loss above what the champion's test promises.")
]

_RETIRED: Final[Mapping[str, str]] = MappingProxyType(
    {
        "log_loss_increase": "write `loss_increase`",
        "worse_than_base_rate": "write `worse_than_baseline`",
    }
)


class NeverRule(Section):
    """Only a person asks for a retraining."""

    rule: Literal["never"] = Field(default="never", description="Name of the rule.")


class ScheduleRule(Section):
    """Retrain by the clock."""

    rule: Literal["schedule"] = Field(default="schedule", description="Name of the rule.")
    every_days: PositiveDays | None = Field(
        default=None, description="Days since the last training, whatever became of it."
    )
    cron: str | None = Field(
        default=None, description="Moments in five cron fields, in the time zone of the windows."
    )

    @field_validator("cron")
    @classmethod
    def _cron_can_be_read(cls, cron: str | None) -> str | None:
        from cronsim import CronSim, CronSimError

        if cron is None:
            return None
        try:
            CronSim(cron, datetime(2000, 1, 1, tzinfo=UTC))
            fields = len(cron.split())
        except CronSimError:
            fields = 0
        if fields != CRON_FIELDS:
            raise ValueError(
                f"'{cron}' is no cron schedule; write its five fields (minute, hour, day of the "
                "month, month, day of the week), for example '0 6 * * 1'"
            )
        return cron

    @model_validator(mode="after")
    def _has_its_times(self) -> Self:
        if (self.every_days is None) == (self.cron is None):
            raise ValueError(
                "a schedule has either `every_days` or `cron`; write for example "
                "`{rule: schedule, every_days: 28}` or `{rule: schedule, cron: '0 6 1 * *'}`"
            )
        return self


class DataVolumeRule(Section):
    """Retrain when so many labels have become known since the last training."""

    rule: Literal["data_volume"] = Field(default="data_volume", description="Name of the rule.")
    rows: Annotated[int, Field(ge=1)] = Field(description="New labelled rows.")


class DataGrowthRule(Section):
    """Retrain when the labels since the last training are a large enough share of its rows."""

    rule: Literal["data_growth"] = Field(default="data_growth", description="Name of the rule.")
    share: Annotated[float, Field(gt=0)] = Field(
        default=0.15, description="New labelled rows over those of the last training."
    )


class DriftRule(Section):
    """Retrain when the drift alarm of consecutive windows has rung; needs no labels."""

    rule: Literal["drift"] = Field(default="drift", description="Name of the rule.")
    windows: Windows = 2


class EstimatedPerformanceRule(Section):
    """Retrain when the loss that the predictions let expect is too high; needs no labels."""

    retired: ClassVar[Mapping[str, str]] = _RETIRED

    rule: Literal["estimated_performance"] = Field(
        default="estimated_performance", description="Name of the rule."
    )
    loss_increase: Increase = 0.02
    windows: Windows = 2


class PerformanceRule(Section):
    """Retrain when mature windows are predicted too badly."""

    retired: ClassVar[Mapping[str, str]] = _RETIRED

    rule: Literal["performance"] = Field(default="performance", description="Name of the rule.")
    loss_increase: Increase = 0.02
    worse_than_baseline: bool = Field(
        default=True, description="A window fails as well if the baseline predicts it as well."
    )
    windows: Windows = 1


class ChangePointRule(Section):
    """Retrain when a detector has found a change in the champion's errors."""

    rule: Literal["change_point"] = Field(default="change_point", description="Name of the rule.")


class AnyRule(Section):
    """Retrain when one rule or more fires."""

    any: "Annotated[tuple[PolicySpec, ...], Field(min_length=1)]" = Field(
        description="Rules of which one is enough."
    )


class AllRule(Section):
    """Retrain when every rule fires."""

    all: "Annotated[tuple[PolicySpec, ...], Field(min_length=1)]" = Field(
        description="Rules that must fire together."
    )


SingleRule = (
    NeverRule
    | ScheduleRule
    | DataVolumeRule
    | DataGrowthRule
    | DriftRule
    | EstimatedPerformanceRule
    | PerformanceRule
    | ChangePointRule
)
Word = Literal[
    "never", "data_growth", "drift", "estimated_performance", "performance", "change_point"
]
"""Rules that need no figures: `policy: drift` is short for `policy: {rule: drift}`."""
_SINGLE: Final[dict[str, type[SingleRule]]] = {
    "never": NeverRule,
    "schedule": ScheduleRule,
    "data_volume": DataVolumeRule,
    "data_growth": DataGrowthRule,
    "drift": DriftRule,
    "estimated_performance": EstimatedPerformanceRule,
    "performance": PerformanceRule,
    "change_point": ChangePointRule,
}
_COMBINED: Final[dict[str, type[AnyRule | AllRule]]] = {"any": AnyRule, "all": AllRule}


def _spelled_out(policy: Any) -> Any:
    """The section that a word or a mapping means; told apart here, so that errors name it alone."""
    written = {"rule": policy} if isinstance(policy, str) else policy
    if isinstance(written, Section):
        return written
    if not isinstance(written, Mapping):
        raise ValueError(f"{policy!r} is no rule; write its name, such as `performance`")
    combined = next((_COMBINED[key] for key in _COMBINED if key in written), None)
    if combined is not None:
        return combined.model_validate(written)
    if "rule" not in written:
        raise ValueError(
            "it names no rule; write `rule: performance`, or combine rules under `any` or `all`"
        )
    rule = written["rule"]
    if rule not in _SINGLE:
        raise ValueError(f"unknown rule '{rule}'. {nearest_name('rule', str(rule), [*_SINGLE])}")
    return _SINGLE[rule].model_validate(written)


PolicySpec = Annotated[
    SingleRule | AnyRule | AllRule,
    BeforeValidator(_spelled_out, json_schema_input_type=Word | SingleRule | AnyRule | AllRule),
]
"""A rule, or rules combined to any depth."""

AnyRule.model_rebuild()
AllRule.model_rebuild()


def single_rules(policy: PolicySpec) -> tuple[SingleRule, ...]:
    """The rules that a policy combines, itself where it is a single one."""
    if not isinstance(policy, AnyRule | AllRule):
        return (policy,)
    parts = policy.any if isinstance(policy, AnyRule) else policy.all
    return tuple(single for part in parts for single in single_rules(part))
