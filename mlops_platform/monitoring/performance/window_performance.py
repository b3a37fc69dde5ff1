"""WindowPerformance: how well a window was predicted, as far as its outcomes are known."""

from datetime import date, datetime
from math import isfinite

from pydantic import Field

from mlops_platform.monitoring.performance.changes.error_blocks import ErrorBlock
from mlops_platform.monitoring.performance.changes.find_changes import DetectorFinding
from mlops_platform.monitoring.performance.interval import Interval
from mlops_platform.monitoring.performance.label_maturity import LabelMaturity
from mlops_platform.record import Record


class WindowPerformance(Record):
    """Realised performance of one window at one moment.

    Args:
        end: first day after the window.
        version: registry version of the champion that scored it.
        release: sequence of the release that the version served under.
        labelled: rows with a label that is not NULL.
        settled: rows whose outcome is known, including those that never get a label.
        mature: no label is expected any more; otherwise all figures are provisional.
        metrics: figures of the labelled rows; empty without two classes among them.
        base_rate_log_loss: of always predicting the champion's training base rate, same rows.
        reference_log_loss: of the champion on its own test rows.
        reference_base_rate_log_loss: of its training base rate on its own test rows.
        intervals: of figures of the labelled rows, by name: as sure as its days allow.
        estimated_log_loss: what its scores let expect without labels, None where not estimated.
        estimated_metrics: more figures of that kind.
        change_point: whether the deciding detector has found a change in the champion's errors by
            the end of this window, None where none has judged it.
        changes: what each detector has found by then.
        blocks: its part of the stream of errors, empty until it is mature.
        labels: when its labels came.
    """

    window: str
    start: date
    end: date
    version: int
    release: int
    rows: int
    labelled: int
    settled: int
    mature: bool
    as_of: datetime
    metrics: dict[str, float]
    base_rate_log_loss: float | None
    reference_log_loss: float
    reference_base_rate_log_loss: float
    intervals: dict[str, Interval] = Field(default_factory=dict)
    estimated_log_loss: float | None = None
    estimated_metrics: dict[str, float] = Field(default_factory=dict)
    change_point: bool | None = None
    changes: tuple[DetectorFinding, ...] = ()
    blocks: tuple[ErrorBlock, ...] = ()
    labels: LabelMaturity | None = None

    @property
    def log_loss(self) -> float | None:
        """Log loss of the labelled rows; None where it is no number."""
        return _number(self.metrics.get("log_loss"))

    @property
    def expected_log_loss(self) -> float | None:
        """What the champion's test figures promise for rows as hard as these.

        Its test log loss, times how much harder than the test rows the base rate finds these: the
        champion keeps its share of the base rate's loss. A week of storms is harder for everybody.
        """
        return self._promised(self.base_rate_log_loss)

    @property
    def estimated_expected_log_loss(self) -> float | None:
        """The same, for rows as hard as these seem to be without labels."""
        return self._promised(self.estimated_metrics.get("base_rate_log_loss"))

    def _promised(self, base_rate_log_loss: float | None) -> float | None:
        if base_rate_log_loss is None or not self.reference_base_rate_log_loss:
            return None
        hardness = base_rate_log_loss / self.reference_base_rate_log_loss
        return _number(self.reference_log_loss * hardness)

    @property
    def log_loss_increase(self) -> float | None:
        """How much worse than expected; negative where it is better."""
        return _difference(self.log_loss, self.expected_log_loss)

    @property
    def loss_over_base_rate(self) -> float | None:
        """Log loss above that of the base rate; below zero where the model is worth having."""
        return _difference(self.log_loss, self.base_rate_log_loss)

    @property
    def calibration_error(self) -> float | None:
        """Expected calibration error of the labelled rows; None where it is no number."""
        return _number(self.metrics.get("expected_calibration_error"))

    @property
    def change(self) -> DetectorFinding | None:
        """The last change that the deciding detector found; None where it found none."""
        return next((one for one in self.changes if one.decides and one.found), None)

    @property
    def estimate_error(self) -> float | None:
        """Estimated minus realised log loss; below zero where the estimate was too good."""
        return _difference(_number(self.estimated_log_loss), self.log_loss)

    @property
    def outcomes_missing(self) -> float | None:
        """Share of outcomes that should be known by the delays of other windows, and are not."""
        expected = self.labels.expected if self.labels else None
        return _difference(expected, self.share_settled)

    @property
    def share_settled(self) -> float:
        """Share of the rows whose outcome is known."""
        return self.settled / self.rows if self.rows else 0.0


def _difference(value: float | None, baseline: float | None) -> float | None:
    return None if value is None or baseline is None else _number(value - baseline)


def _number(value: float | None) -> float | None:
    return value if value is not None and isfinite(value) else None
