"""Alarms of a window without rows: its volume is judged, and of the rest there is nothing."""

from mlops_platform.monitoring.alarms.alarm import Alarm, alarm
from mlops_platform.monitoring.alarms.drift_alarms import DRIFT_CHECKS
from mlops_platform.monitoring.alarms.quality_alarms import DAYS, VOLUME, quality_alarms
from mlops_platform.monitoring.quality.window_quality import WindowQuality
from mlops_platform.spec import LevelsSpec, QualitySpec

NOTHING = "not judged: the window is empty"


def empty_window_alarms(quality: WindowQuality, spec: QualitySpec) -> tuple[Alarm, ...]:
    """One alarm per name of `DRIFT_CHECKS` and `QUALITY_CHECKS`."""
    of_quality = quality_alarms(quality, spec)
    return (
        *(unjudged(check) for check in DRIFT_CHECKS),
        *(
            judged if judged.check in (VOLUME, DAYS) else unjudged(judged.check)
            for judged in of_quality
        ),
    )


def unjudged(check: str) -> Alarm:
    """A check that passes, and says nothing by it."""
    return alarm(check, None, LevelsSpec(), NOTHING, conclusive=False)
