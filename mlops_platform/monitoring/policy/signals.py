"""WindowSignals: one monitored window as a policy sees it."""

from datetime import date

from mlops_platform.monitoring.loss_figures import LossFigures
from mlops_platform.record import Record


class WindowSignals(Record):
    """What monitoring has found about one window; None where it was not made or not judged.

    Args:
        end: first day after the window.
        version: registry version of the champion that scored it.
        release: sequence of the release that the version served under.
        mature: no label is expected any more; otherwise figures of labels are provisional.
        losses: of that champion; of none where it was not measured.
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
    losses: LossFigures = LossFigures()
    drift_alarm: bool | None = None
    change_point: bool | None = None
