"""Limit: what a metric must reach, and may not pass."""

from typing import Annotated, Any, Final, Self

from pydantic import BeforeValidator, Field, FiniteFloat, TypeAdapter, model_validator

from mlops_platform.section import Section
from mlops_platform.tasks import Bounds, Metric

_NUMBER: Final = TypeAdapter(FiniteFloat)


class LimitSpec(Section):
    """Bounds of a figure, both allowed; a number alone is a bound in the metric's own direction."""

    min: FiniteFloat | None = Field(default=None, description="Least value that is allowed.")
    max: FiniteFloat | None = Field(default=None, description="Greatest value that is allowed.")

    @model_validator(mode="after")
    def _bounds_something(self) -> Self:
        if self.min is None and self.max is None:
            raise ValueError("it limits nothing; write a number, `min`, `max` or both")
        if self.min is not None and self.max is not None and self.min > self.max:
            raise ValueError(f"min={self.min} is above max={self.max}; swap them")
        return self


def _number_or_section(limit: Any) -> Any:
    """Told apart here, so that an error names one mistake and not every alternative."""
    if isinstance(limit, LimitSpec):
        return limit
    if isinstance(limit, dict):
        return LimitSpec.model_validate(limit)
    return _NUMBER.validate_python(limit)


Limit = Annotated[
    float | LimitSpec, BeforeValidator(_number_or_section, json_schema_input_type=float | LimitSpec)
]
"""A number, in the direction of the metric, or both bounds."""


def bounds_of(limit: Limit, metric: Metric) -> Bounds:
    """Both bounds of a limit on a metric."""
    if isinstance(limit, LimitSpec):
        return Bounds(limit.min, limit.max)
    return Bounds(min=limit) if metric.greater_is_better else Bounds(max=limit)


def limit_of(bounds: Bounds) -> LimitSpec:
    """The limit that has these bounds."""
    return LimitSpec(min=bounds.min, max=bounds.max)
