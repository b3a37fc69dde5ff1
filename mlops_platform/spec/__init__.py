"""What one model is: the frozen sections of its YAML."""

from mlops_platform.spec.alerting.alerting import AlertingSpec, HeartbeatSpec
from mlops_platform.spec.alerting.channels import (
    AlertSeverity,
    ChannelSpec,
    EmailChannelSpec,
    LogChannelSpec,
    SlackChannelSpec,
    WebhookChannelSpec,
)
from mlops_platform.spec.card import CardSpec
from mlops_platform.spec.clock import WITHOUT_EVENT_TIME, refuse_without_event_time
from mlops_platform.spec.consistency import inconsistencies, missing_columns, unknown_checks
from mlops_platform.spec.data import FeaturesSpec, LabelSpec, WindowSpec
from mlops_platform.spec.judging import (
    EvaluationSpec,
    FairnessSpec,
    GapLimitSpec,
    GateSpec,
    ImprovementSpec,
    SubgroupLimitSpec,
    group_name,
)
from mlops_platform.spec.limit import Limit, LimitSpec, bounds_of
from mlops_platform.spec.model import ModelSpec
from mlops_platform.spec.monitoring.drift import DriftSpec, FixedDriftSpec
from mlops_platform.spec.monitoring.kpi import KpiSpec
from mlops_platform.spec.monitoring.levels import LevelsSpec, MetricLevelsSpec
from mlops_platform.spec.monitoring.monitoring import MonitoringSpec
from mlops_platform.spec.monitoring.performance import ChangeDetectionSpec, PerformanceSpec
from mlops_platform.spec.monitoring.quality import QualitySpec
from mlops_platform.spec.retraining.backtest import BacktestSpec
from mlops_platform.spec.retraining.history import HistorySpec, RollingSpan
from mlops_platform.spec.retraining.policy import (
    AllRule,
    AnyRule,
    ChangePointRule,
    DataGrowthRule,
    DataVolumeRule,
    DriftRule,
    EstimatedPerformanceRule,
    NeverRule,
    PerformanceRule,
    PolicySpec,
    ScheduleRule,
)
from mlops_platform.spec.retraining.retraining import BudgetSpec, RetrainingSpec
from mlops_platform.spec.retraining.schedules import SchedulesSpec
from mlops_platform.spec.retraining.split import (
    FEWEST_UNITS,
    ResamplingUnit,
    ShareSplitSpec,
    SplitSpec,
)
from mlops_platform.spec.serving import (
    OnlineStoreSpec,
    PredictionLogSpec,
    ProbationSpec,
    ReleaseSpec,
    ServingSpec,
)
from mlops_platform.spec.training import (
    CandidateSpec,
    ColumnStepsSpec,
    EstimatorSpec,
    RangeSpec,
    ResamplingSpec,
    TrainingSpec,
    TuningSpec,
)

__all__ = [
    "FEWEST_UNITS",
    "WITHOUT_EVENT_TIME",
    "AlertSeverity",
    "AlertingSpec",
    "AllRule",
    "AnyRule",
    "BacktestSpec",
    "BudgetSpec",
    "CandidateSpec",
    "CardSpec",
    "ChangeDetectionSpec",
    "ChangePointRule",
    "ChannelSpec",
    "ColumnStepsSpec",
    "DataGrowthRule",
    "DataVolumeRule",
    "DriftRule",
    "DriftSpec",
    "EmailChannelSpec",
    "EstimatedPerformanceRule",
    "EstimatorSpec",
    "EvaluationSpec",
    "FairnessSpec",
    "FeaturesSpec",
    "FixedDriftSpec",
    "GapLimitSpec",
    "GateSpec",
    "HeartbeatSpec",
    "HistorySpec",
    "ImprovementSpec",
    "KpiSpec",
    "LabelSpec",
    "LevelsSpec",
    "Limit",
    "LimitSpec",
    "LogChannelSpec",
    "MetricLevelsSpec",
    "ModelSpec",
    "MonitoringSpec",
    "NeverRule",
    "OnlineStoreSpec",
    "PerformanceRule",
    "PerformanceSpec",
    "PolicySpec",
    "PredictionLogSpec",
    "ProbationSpec",
    "QualitySpec",
    "RangeSpec",
    "ReleaseSpec",
    "ResamplingSpec",
    "ResamplingUnit",
    "RetrainingSpec",
    "RollingSpan",
    "ScheduleRule",
    "SchedulesSpec",
    "ServingSpec",
    "ShareSplitSpec",
    "SlackChannelSpec",
    "SplitSpec",
    "SubgroupLimitSpec",
    "TrainingSpec",
    "TuningSpec",
    "WebhookChannelSpec",
    "WindowSpec",
    "bounds_of",
    "group_name",
    "inconsistencies",
    "missing_columns",
    "refuse_without_event_time",
    "unknown_checks",
]
