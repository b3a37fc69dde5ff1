"""What is watched per window, and when it alarms."""

from mlops_platform.section import Section
from mlops_platform.spec.monitoring.drift import DriftSpec
from mlops_platform.spec.monitoring.performance import PerformanceSpec
from mlops_platform.spec.monitoring.quality import QualitySpec


class MonitoringSpec(Section):
    """Everything that is computed per window."""

    drift: DriftSpec = DriftSpec()
    quality: QualitySpec = QualitySpec()
    performance: PerformanceSpec = PerformanceSpec()
