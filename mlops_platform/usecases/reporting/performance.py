"""The performance of one window in words."""

from collections.abc import Iterator, Mapping
from zoneinfo import ZoneInfo

from mlops_platform.data.windows import Window
from mlops_platform.monitoring.performance.estimate_record import estimate_record
from mlops_platform.monitoring.performance.window_performance import WindowPerformance
from mlops_platform.usecases.reporting.phrases import moment_in_words


def performance_in_words(
    history: Mapping[str, WindowPerformance], window: Window, zone: ZoneInfo
) -> Iterator[str]:
    """What came of a window, what its scores had let expect, and whether errors have changed.

    Args:
        history: every measured window of the model.
    """
    measured = history.get(window.name)
    if measured is None:
        yield "Its performance was not measured."
        return
    yield _known(measured, zone)
    if measured.losses.loss is None:
        yield (
            f"There is no log loss: {measured.labelled:,} of {measured.rows:,} rows have a label, "
            "and both classes must be among them."
        )
    else:
        yield from _realised(measured)
    yield from _estimated(measured, history)
    yield from _changed(measured)


def _known(measured: WindowPerformance, zone: ZoneInfo) -> str:
    at = moment_in_words(measured.as_of, zone)
    known = f"{100 * measured.share_settled:.0f} % of the outcomes were known on {at}"
    expected = measured.labels.expected if measured.labels else None
    usual = "" if expected is None else f", against the usual {100 * expected:.0f} %"
    state = "final" if measured.mature else "provisional"
    return f"The figures are {state}: {known}{usual}."


def _realised(measured: WindowPerformance) -> Iterator[str]:
    losses, interval = measured.losses, measured.intervals.get("loss")
    between = f" ({interval.lower:.4f} to {interval.upper:.4f})" if interval else ""
    yield f"Log loss is {losses.loss:.4f}{between} on {measured.labelled:,} labelled rows."
    increase, over = losses.loss_increase, losses.loss_over_baseline
    if increase is not None and over is not None:
        yield (
            f"That is {_compared(increase)} than the {losses.promised_loss:.4f} that the "
            f"version's test ({losses.test_loss:.4f}) promises for rows as hard as "
            f"these, and {_compared(over)} than always predicting the base rate "
            f"({losses.baseline_loss:.4f})."
        )


def _estimated(
    measured: WindowPerformance, history: Mapping[str, WindowPerformance]
) -> Iterator[str]:
    if measured.losses.estimated_loss is None:
        return
    yield f"Without labels its scores let expect {measured.losses.estimated_loss:.4f}."
    record = estimate_record(history.values())
    if record is not None:
        yield (
            f"Over {record.windows} mature windows such estimates were "
            f"{record.mean_absolute_error:.4f} off on average ({record.mean_error:+.4f} net), "
            f"assuming the test's figure {record.without_estimate:.4f}."
        )


def _changed(measured: WindowPerformance) -> Iterator[str]:
    change = measured.change
    if change is not None:
        yield (
            f"The errors of the version have changed since {change.since}, {change.detector} found "
            f"on {change.found}."
        )
    elif measured.change_point is False:
        yield "Its errors have not changed."


def _compared(difference: float) -> str:
    return f"{abs(difference):.4f} {'worse' if difference >= 0 else 'better'}"
