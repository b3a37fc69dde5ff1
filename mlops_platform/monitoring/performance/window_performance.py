"""WindowPerformance: how well a window was predicted, as far as its outcomes are known."""

from datetime import date, datetime
from math import isfinite

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
        estimated_log_loss: what its scores let expect without labels, None where not estimated.
        change_point: whether a change in its errors was found by this window, None where no
            detector has judged it.
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
    estimated_log_loss: float | None = None
    change_point: bool | None = None

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
        if self.base_rate_log_loss is None or not self.reference_base_rate_log_loss:
            return None
        hardness = self.base_rate_log_loss / self.reference_base_rate_log_loss
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
    def share_settled(self) -> float:
        """Share of the rows whose outcome is known."""
        return self.settled / self.rows if self.rows else 0.0


def _difference(value: float | None, baseline: float | None) -> float | None:
    return None if value is None or baseline is None else _number(value - baseline)


def _number(value: float | None) -> float | None:
    return value if value is not None and isfinite(value) else None
