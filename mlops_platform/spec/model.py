"""ModelSpec: what one model is, plain and frozen."""

from typing import Annotated, Literal

from pydantic import Field

from mlops_platform.spec.alerting.alerting import AlertingSpec
from mlops_platform.spec.base import Identifier, Section
from mlops_platform.spec.card import CardSpec
from mlops_platform.spec.data import FeaturesSpec, LabelSpec, WindowSpec
from mlops_platform.spec.judging import EvaluationSpec, GateSpec
from mlops_platform.spec.monitoring.monitoring import MonitoringSpec
from mlops_platform.spec.retraining.backtest import BacktestSpec
from mlops_platform.spec.retraining.retraining import RetrainingSpec
from mlops_platform.spec.retraining.schedules import SchedulesSpec
from mlops_platform.spec.serving import ReleaseSpec, ServingSpec
from mlops_platform.spec.training import ColumnStepsSpec, TrainingSpec


class ModelSpec(Section):
    """One deployed use case, as its YAML declares it."""

    name: Identifier
    description: Annotated[str, Field(min_length=1)]
    owners: Annotated[tuple[str, ...], Field(min_length=1)] = Field(
        description="People by e-mail address, teams as `team:name`."
    )
    task: Literal["binary_classification"] = "binary_classification"
    features: FeaturesSpec
    label: LabelSpec
    window: WindowSpec
    training: TrainingSpec
    evaluation: EvaluationSpec = EvaluationSpec()
    gate: GateSpec = GateSpec()
    monitoring: MonitoringSpec = MonitoringSpec()
    alerting: AlertingSpec = AlertingSpec()
    retraining: RetrainingSpec = RetrainingSpec()
    backtest: BacktestSpec = BacktestSpec()
    schedules: SchedulesSpec = SchedulesSpec()
    serving: ServingSpec = ServingSpec()
    release: ReleaseSpec = ReleaseSpec()
    card: CardSpec

    def columns_of(self, entry: ColumnStepsSpec) -> tuple[str, ...]:
        """Feature columns that one preprocessing entry names."""
        if isinstance(entry.columns, str):
            return self.features.of_kind(entry.columns)
        return entry.columns
