"""From the records of drift and performance to the windows as a policy sees them."""

from collections.abc import Mapping

from mlops_platform.monitoring.performance.window_performance import WindowPerformance
from mlops_platform.monitoring.policy.signals import WindowSignals
from mlops_platform.usecases.window.drift import WatchedWindow


def window_signals(
    performance: Mapping[str, WindowPerformance],
    drift: Mapping[str, WatchedWindow],
) -> tuple[WindowSignals, ...]:
    """Every window with rows that was watched or measured, oldest first.

    Of an empty one there is nothing that a policy could judge, wait for or count.
    """
    compared = {name: watched.drift for name, watched in drift.items() if watched.drift}
    signals: dict[str, WindowSignals] = {
        **{name: _unmeasured(drift[name], rows=of_it.rows) for name, of_it in compared.items()},
        **{
            name: _measured(measured)
            for name, measured in performance.items()
            if not measured.is_empty
        },
    }
    for name, of_it in compared.items():
        watched = drift[name]
        # An alarm of another release than the one whose performance was measured is not its own.
        if (watched.version, watched.release) == (signals[name].version, signals[name].release):
            signals[name] = signals[name].model_copy(update={"drift_alarm": of_it.alarm})
    return tuple(sorted(signals.values(), key=lambda window: window.start))


def _measured(measured: WindowPerformance) -> WindowSignals:
    return WindowSignals(
        window=measured.window,
        start=measured.start,
        end=measured.end,
        version=measured.version,
        release=measured.release,
        rows=measured.rows,
        labelled=measured.labelled,
        mature=measured.mature,
        losses=measured.losses,
        change_point=measured.change_point,
    )


def _unmeasured(watched: WatchedWindow, rows: int) -> WindowSignals:
    """A window whose performance step failed still tells of its drift."""
    return WindowSignals(
        window=watched.window.name,
        start=watched.window.start,
        end=watched.window.end,
        version=watched.version,
        release=watched.release,
        rows=rows,
        labelled=0,
        mature=False,
    )
