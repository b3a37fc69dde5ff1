"""What is watched per window, and when it alarms."""

from mlops_platform.spec.base import Section
from mlops_platform.spec.drift import DriftSpec
from mlops_platform.spec.performance import PerformanceSpec


class MonitoringSpec(Section):
    """Everything that is computed per window."""

    drift: DriftSpec = DriftSpec()
    performance: PerformanceSpec = PerformanceSpec()
