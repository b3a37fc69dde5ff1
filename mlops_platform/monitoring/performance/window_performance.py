"""WindowPerformance: how well a window was predicted, as far as its outcomes are known."""

from datetime import date, datetime
from math import isfinite

from pydantic import Field

from mlops_platform.fairness.record import Fairness
from mlops_platform.monitoring.loss_figures import LossFigures
from mlops_platform.monitoring.performance.changes.error_blocks import ErrorBlock
from mlops_platform.monitoring.performance.changes.find_changes import DetectorFinding
from mlops_platform.monitoring.performance.interval import Interval
from mlops_platform.monitoring.performance.kpi import KpiFigure
from mlops_platform.monitoring.performance.label_maturity import LabelMaturity
from mlops_platform.record import Record, left_out_where_empty
from mlops_platform.tasks import ExpectedConfusion


class ChangedLabels(Record):
    """What has become of the labels of a window that had been measured for good.

    Args:
        since: when it was measured with the labels of before.
        labels: of so many entities the label came, was changed or taken back, by the moments in the
            label table: what has none that is later than all that was known is not counted.
    """

    since: datetime
    labels: int


class WindowPerformance(Record):
    """Realised performance of one window at one moment.

    Args:
        end: first day after the window.
        version: registry version of the champion that scored it.
        release: sequence of the release that the version served under.
        labelled: rows with a label that is not NULL.
        outcomes_known: rows whose outcome is known, including those that never get a label.
        mature: no label is expected any more; otherwise all figures are provisional.
        losses: of the champion and of its baseline.
        metrics: figures of the labelled rows; empty where their outcomes are of no use, as those of
            one class.
        intervals: of `loss`, `loss_increase`, `loss_over_baseline` and of metrics, by name: as sure
            as its days allow.
        estimated_metrics: what its predictions let expect without labels, besides its losses.
        estimated_intervals: of some of these and of the estimated `loss`, by name: where they come
            true if the probabilities are right and rows independent.
        estimated_confusion: likewise, what is to be expected by decision.
        change_point: whether the deciding detector has found a change in the champion's errors by
            the end of this window, None where none has judged it.
        changes: what each detector has found by then.
        blocks: its part of the stream of errors, empty until it is mature.
        labels: when its labels came.
        labels_digest: of the published labels of its days, and of its KPI where one is declared;
            empty where a record of before does not say.
        labels_settle_at: from when on all of these have reached the platform, which may be later
            than `as_of`.
        labels_changed: why it was measured again, where that is not because its labels matured.
        notes: what its task tells of it beside figures: sentences.
        kpi: what the business counts of its rows, by version and decision, where it is declared.
        fairness: figures of groups of people, once it is mature and where columns for them are
            declared.
    """

    window: str
    start: date
    end: date
    version: int
    release: int
    rows: int
    labelled: int
    outcomes_known: int
    mature: bool
    as_of: datetime
    losses: LossFigures
    metrics: dict[str, float]
    intervals: dict[str, Interval] = Field(default_factory=dict)
    estimated_metrics: dict[str, float] = Field(default_factory=dict)
    estimated_intervals: dict[str, Interval] = Field(
        default_factory=dict, exclude_if=left_out_where_empty
    )
    estimated_confusion: ExpectedConfusion | None = Field(
        default=None, exclude_if=left_out_where_empty
    )
    change_point: bool | None = None
    changes: tuple[DetectorFinding, ...] = ()
    blocks: tuple[ErrorBlock, ...] = ()
    labels: LabelMaturity | None = None
    labels_digest: str = Field(default="", exclude_if=left_out_where_empty)
    labels_settle_at: datetime | None = Field(default=None, exclude_if=left_out_where_empty)
    labels_changed: ChangedLabels | None = Field(default=None, exclude_if=left_out_where_empty)
    notes: tuple[str, ...] = Field(default=(), exclude_if=left_out_where_empty)
    fairness: Fairness | None = Field(default=None, exclude_if=left_out_where_empty)
    kpi: tuple[KpiFigure, ...] = Field(default=(), exclude_if=left_out_where_empty)

    @property
    def is_empty(self) -> bool:
        """Whether there was nothing to predict, and so nothing to measure."""
        return self.rows == 0

    def is_overtaken(self, labels_digest: str, moment: datetime) -> bool:
        """Whether a mature window was measured with other labels than those of a moment.

        Args:
            labels_digest: of what is published at the moment.
        """
        if not (self.mature and self.labels_digest):
            return False
        settle_at = self.labels_settle_at
        has_settled = settle_at is not None and self.as_of < settle_at <= moment
        return has_settled or labels_digest != self.labels_digest

    @property
    def labels_known_through(self) -> datetime:
        """The last moment at which something that it was measured with has reached the platform."""
        return min(self.as_of, self.labels_settle_at or self.as_of)

    def metric(self, name: str) -> float | None:
        """A metric of the labelled rows; None where it is no number."""
        value = self.metrics.get(name)
        return value if value is not None and isfinite(value) else None

    def is_surely_above(self, figure: str, level: float) -> bool:
        """Whether all of a figure's interval is; what has none is taken as it is."""
        interval = self.intervals.get(figure)
        return interval is None or interval.lower > level

    def is_surely_below(self, figure: str, level: float) -> bool:
        """Likewise."""
        interval = self.intervals.get(figure)
        return interval is None or interval.upper < level

    @property
    def change(self) -> DetectorFinding | None:
        """The last change that the deciding detector found; None where it found none."""
        return next((change for change in self.changes if change.decides and change.found), None)

    @property
    def outcomes_missing(self) -> float | None:
        """Share of outcomes that should be known by the delays of other windows, and are not."""
        expected = self.labels.expected if self.labels else None
        return None if expected is None else expected - self.share_known

    @property
    def share_known(self) -> float:
        """Share of the rows whose outcome is known."""
        return self.outcomes_known / self.rows if self.rows else 0.0
