"""How much of the past a training reads, and how its rows are split."""

from typing import Annotated, Any, Final, Literal, Self, get_args

from pydantic import BeforeValidator, Field, model_validator

from mlops_platform.section import PositiveDays, Section, nearest_name
from mlops_platform.spec.retraining.split import AnySplitSpec, SplitSpec


class RollingSpan(Section):
    """The most recent days."""

    rolling_days: PositiveDays = Field(description="Latest days that are read.")


SpanWord = Literal["expanding", "since_last_change", "chosen_by_backtest"]
_WORDS: Final[tuple[str, ...]] = get_args(SpanWord)


def _named(span: Any) -> Any:
    """Refused here, so that an error names one mistake and not every alternative."""
    if isinstance(span, RollingSpan) or span in _WORDS:
        return span
    if isinstance(span, dict):
        return RollingSpan.model_validate(span)
    if isinstance(span, str):
        raise ValueError(f"unknown span '{span}'. {nearest_name('span', span, _WORDS)}")
    raise ValueError(f"{span!r} is no span; write `expanding`, or `{{rolling_days: 90}}`")


Span = Annotated[SpanWord | RollingSpan, BeforeValidator(_named)]


class HistorySpec(Section):
    """How much of the past a training reads."""

    span: Span = Field(
        default="expanding",
        description=(
            "`expanding`: all that is known; `{rolling_days: 90}`: the latest days; "
            "`since_last_change`: from the change that a detector found last in the errors; "
            "`chosen_by_backtest`: what the policy backtest recommends."
        ),
    )
    least_days: PositiveDays = Field(
        default=60, description="Fewest days read where the span begins at a change."
    )
    split: AnySplitSpec = Field(
        default=SplitSpec(), description="Which rows fit, which validate, and which test."
    )

    @property
    def rolling_days(self) -> int | None:
        """Length of a rolling span; None for the others."""
        return self.span.rolling_days if isinstance(self.span, RollingSpan) else None

    def with_days(self, days: int | None) -> Self:
        """The same split on a rolling history, or on all that is known where `days` is None."""
        span = "expanding" if days is None else RollingSpan(rolling_days=days)
        return self.model_copy(update={"span": span})

    @model_validator(mode="after")
    def _history_holds_the_split(self) -> Self:
        if not isinstance(self.split, SplitSpec):
            return self
        held_out = self.split.validation_days + self.split.test_days
        fewest = {"rolling_days": self.rolling_days}
        if self.span == "since_last_change":
            fewest = {"least_days": self.least_days}
        for name, days in fewest.items():
            if days is not None and days <= held_out:
                raise ValueError(
                    f"{name}={days} leaves nothing to fit on: validation and test take {held_out} "
                    f"days; lengthen `{name}` or shorten the split"
                )
        return self
