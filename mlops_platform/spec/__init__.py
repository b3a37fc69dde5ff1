"""What one model is: the frozen sections of its YAML."""

from mlops_platform.spec.card import CardSpec
from mlops_platform.spec.consistency import inconsistencies, missing_columns
from mlops_platform.spec.data import FeaturesSpec, LabelSpec, WindowSpec
from mlops_platform.spec.drift import DriftSpec, FixedDriftSpec
from mlops_platform.spec.judging import (
    LOWER_IS_BETTER,
    EvaluationSpec,
    GateSpec,
    ImprovementSpec,
    Metric,
)
from mlops_platform.spec.levels import LevelsSpec
from mlops_platform.spec.model import ModelSpec
from mlops_platform.spec.monitoring import MonitoringSpec, PerformanceSpec
from mlops_platform.spec.retraining import RetrainingSpec
from mlops_platform.spec.schedules import SchedulesSpec
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
    CostSpec,
    EstimatorSpec,
    HistorySpec,
    RangeSpec,
    SplitSpec,
    TrainingSpec,
    TuningSpec,
)

__all__ = [
    "LOWER_IS_BETTER",
    "CandidateSpec",
    "CardSpec",
    "ColumnStepsSpec",
    "CostSpec",
    "DriftSpec",
    "EstimatorSpec",
    "EvaluationSpec",
    "FeaturesSpec",
    "FixedDriftSpec",
    "GateSpec",
    "HistorySpec",
    "ImprovementSpec",
    "LabelSpec",
    "LevelsSpec",
    "Metric",
    "ModelSpec",
    "MonitoringSpec",
    "OnlineStoreSpec",
    "PerformanceSpec",
    "PredictionLogSpec",
    "ProbationSpec",
    "RangeSpec",
    "ReleaseSpec",
    "RetrainingSpec",
    "SchedulesSpec",
    "ServingSpec",
    "SplitSpec",
    "TrainingSpec",
    "TuningSpec",
    "WindowSpec",
    "inconsistencies",
    "missing_columns",
]
