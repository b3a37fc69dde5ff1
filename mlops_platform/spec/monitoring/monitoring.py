"""What is watched per window, and when it alarms."""

from pydantic import Field

from mlops_platform.record import left_out_where_empty
from mlops_platform.section import Section
from mlops_platform.spec.monitoring.drift import DriftSpec
from mlops_platform.spec.monitoring.kpi import KpiSpec
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
    kpi: KpiSpec | None = Field(
        default=None,
        exclude_if=left_out_where_empty,
        description=(
            "What the business counts of each row, reported by version and decision; null is "
            "nothing."
        ),
    )
