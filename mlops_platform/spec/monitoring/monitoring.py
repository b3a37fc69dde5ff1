"""What is watched per window, and when it alarms."""

from pydantic import Field

from mlops_platform.section import Section
from mlops_platform.spec.monitoring.drift import DriftSpec
from mlops_platform.spec.monitoring.performance import PerformanceSpec
from mlops_platform.spec.monitoring.quality import QualitySpec


class MonitoringSpec(Section):
    """Everything that is computed per window."""

    drift: DriftSpec = Field(
        default=DriftSpec(), description="Inputs and predictions of a window against the reference."
    )
    quality: QualitySpec = Field(
        default=QualitySpec(), description="When the data of a window count as broken."
    )
    performance: PerformanceSpec = Field(
        default=PerformanceSpec(), description="Realised and estimated performance of a window."
    )
