"""WindowSignals: one monitored window as a policy sees it."""

from datetime import date
from math import isfinite
from typing import Annotated

from pydantic import AfterValidator

from mlops_platform.record import Record


def _number(value: float | None) -> float | None:
    return value if value is not None and isfinite(value) else None


Figure = Annotated[float | None, AfterValidator(_number)]
"""A figure; what is no number was not judged."""


class WindowSignals(Record):
    """What monitoring has found about one window; None where it was not made or not judged.

    Args:
        end: first day after the window.
        version: registry version of the champion that scored it.
        release: sequence of the release that the version served under.
        mature: no label is expected any more; otherwise figures of labels are provisional.
        log_loss: of the labelled rows.
        expected_log_loss: what the champion's test promises for rows as hard as these.
        base_rate_log_loss: of always predicting the champion's training base rate.
        reference_log_loss: of the champion on its own test rows.
        estimated_log_loss: what the calibrated scores predict, without labels.
        estimated_expected_log_loss: what the champion's test promises for rows as hard as these
            seem to be, without labels.
        drift_alarm: the calibrated alarm's verdict.
        change_point: a detector has found a change in this champion's errors by this window.
    """

    window: str
    start: date
    end: date
    version: int
    release: int
    rows: int
    labelled: int
    mature: bool
    log_loss: Figure
    expected_log_loss: Figure
    base_rate_log_loss: Figure
    reference_log_loss: Figure = None
    estimated_log_loss: Figure = None
    estimated_expected_log_loss: Figure = None
    drift_alarm: bool | None = None
    change_point: bool | None = None

    @property
    def log_loss_increase(self) -> float | None:
        """How much worse than expected; negative where it is better."""
        return _difference(self.log_loss, self.expected_log_loss)

    @property
    def loss_over_base_rate(self) -> float | None:
        """Log loss above that of the base rate; below zero where the model is worth having."""
        return _difference(self.log_loss, self.base_rate_log_loss)

    @property
    def estimated_increase(self) -> float | None:
        """How much worse than expected the scores themselves predict to be."""
        return _difference(self.estimated_log_loss, self.estimated_expected_log_loss)


def _difference(value: float | None, baseline: float | None) -> float | None:
    return None if value is None or baseline is None else _number(value - baseline)
