"""What cannot be had of rows without event time, and which sections ask for it nevertheless."""

from collections.abc import Iterator
from typing import Final

from mlops_platform.errors import SpecError
from mlops_platform.section import nearest_name
from mlops_platform.spec.model import ModelSpec
from mlops_platform.spec.retraining.split import ShareSplitSpec

WITHOUT_EVENT_TIME: Final = (
    "Rows have no event time: nothing proves that a feature was known before its outcome, no past "
    "is replayed (no policy backtest, rolling history or adaptation of intervals), and no season "
    "is compared with its own."
)
"""One sentence for the card and for `mlops check`."""
_BY_SHARES: Final = "write `{by: random}`, `{by: stratified}` or `{by: group, group: <column>}`"


def clock_inconsistencies(spec: ModelSpec) -> Iterator[SpecError]:
    """Sections that need an event time where there is none, and the other way round."""
    split = spec.training.history.split
    if spec.features.has_event_time:
        if isinstance(split, ShareSplitSpec):
            fix = (
                "Rows with an event time are split by it, or the test would know the future: leave "
                "`by` out, or write `features.event_time: null` where rows have none."
            )
            yield SpecError("training.history.split.by", split.by, fix)
        return
    if isinstance(split, ShareSplitSpec):
        yield from _unusable_shares(spec, split)
    else:
        fix = f"Without event time there is no order of days: {_BY_SHARES}."
        yield SpecError("training.history.split.by", split.by, fix)
    yield from _what_needs_time(spec)


def refuse_without_event_time(spec: ModelSpec, wanted: str) -> None:
    """Refuse what a command asks for, of a model whose rows have no event time.

    Args:
        wanted: what needs a past, as the subject of a sentence.

    Raises:
        SpecError: they have none.
    """
    if not spec.features.has_event_time:
        raise SpecError("features.event_time", None, f"{wanted}. {WITHOUT_EVENT_TIME}")


def _unusable_shares(spec: ModelSpec, split: ShareSplitSpec) -> Iterator[SpecError]:
    path = "training.history.split"
    if split.by == "stratified" and not spec.task.has_classes:
        fix = f"Labels of the task {spec.task.type} are no classes: write `by: random`."
        yield SpecError(f"{path}.by", split.by, fix)
    groups = (*spec.features.categorical, *spec.features.sensitive)
    if split.group is not None and split.group not in groups:
        fix = nearest_name("column", split.group, sorted(groups))
        fix = f"{fix} A column that is no feature goes to `features.sensitive`."
        yield SpecError(f"{path}.group", split.group, fix)


def _what_needs_time(spec: ModelSpec) -> Iterator[SpecError]:
    history, improvement = spec.training.history, spec.gate.improvement
    drift = spec.monitoring.drift
    if history.span != "expanding":
        fix = "Rows without event time have no latest days: write `expanding`, or leave it out."
        yield SpecError("training.history.span", history.span, fix)
    if spec.task.counted_by_window is not None:
        field = f"task.{spec.task.counted_by_window}"
        fix = "Rows without event time make no windows to count by: say a share of the rows."
        yield SpecError(field, "a number for each window", fix)
    if spec.task.adaptation_rule is not None:
        fix = "Constants follow outcomes by the day of their event: leave it out."
        yield SpecError("task.adaptation", spec.task.adaptation_rule, fix)
    if "backtest" in spec.model_fields_set and spec.backtest != type(spec.backtest)():
        fix = "Without event time no past can be replayed: leave the section out."
        yield SpecError("backtest", sorted(spec.backtest.model_fields_set), fix)
    if "season_days" in drift.model_fields_set and drift.season_days:
        fix = "Rows without event time have no season: leave it out, or write 0."
        yield SpecError("monitoring.drift.season_days", drift.season_days, fix)
    if "min_days" in improvement.model_fields_set:
        fix = "It counts days of events: write `min_rows`, or `min_groups` where split by group."
        yield SpecError("gate.improvement.min_days", improvement.min_days, fix)
