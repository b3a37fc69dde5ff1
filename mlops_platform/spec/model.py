"""ModelSpec: what one model is, plain and frozen."""

from collections.abc import Mapping
from typing import Annotated, Any, Self

from pydantic import Field

from mlops_platform.section import Identifier, Section
from mlops_platform.spec.alerting.alerting import AlertingSpec
from mlops_platform.spec.card import CardSpec
from mlops_platform.spec.data import FeaturesSpec, LabelSpec, WindowSpec
from mlops_platform.spec.judging import EvaluationSpec, GateSpec
from mlops_platform.spec.limit import Limit, limit_of
from mlops_platform.spec.monitoring.levels import MetricLevelsSpec
from mlops_platform.spec.monitoring.monitoring import MonitoringSpec
from mlops_platform.spec.retraining.backtest import BacktestSpec
from mlops_platform.spec.retraining.retraining import RetrainingSpec
from mlops_platform.spec.retraining.schedules import SchedulesSpec
from mlops_platform.spec.serving import ReleaseSpec, ServingSpec
from mlops_platform.spec.training import ColumnStepsSpec, TrainingSpec
from mlops_platform.tasks import DEFAULT_TASK, Bounds, TaskSpec


class ModelSpec(Section):
    """One deployed use case, as its YAML declares it."""

    name: Identifier = Field(
        description="Name of the model in Dagster, MLflow, the ledger and every command."
    )
    description: Annotated[str, Field(min_length=1)] = Field(
        description="The question that the model answers, in a sentence."
    )
    owners: Annotated[tuple[str, ...], Field(min_length=1)] = Field(
        description="People by e-mail address, teams as `team:name`."
    )
    task: TaskSpec = Field(
        default=DEFAULT_TASK,
        description="Kind of outcome, with what depends on it; or its name alone.",
    )
    features: FeaturesSpec = Field(description="Table and columns that the model reads.")
    label: LabelSpec = Field(description="Outcome, and when it becomes known.")
    window: WindowSpec = Field(description="Periods in which it predicts and is watched.")
    training: TrainingSpec = Field(description="How candidates are split, preprocessed and tuned.")
    evaluation: EvaluationSpec = Field(
        default=EvaluationSpec(),
        description="What the evaluation shows beside the metrics of the task.",
    )
    gate: GateSpec = Field(
        default=GateSpec(), description="What a candidate must reach to be released."
    )
    monitoring: MonitoringSpec = Field(
        default=MonitoringSpec(),
        description="What is computed of each window, and from where it alarms.",
    )
    alerting: AlertingSpec = Field(
        default=AlertingSpec(), description="Which faults become incidents, and who is told."
    )
    retraining: RetrainingSpec = Field(
        default=RetrainingSpec(),
        description="When it is trained again by itself, or a person is asked to.",
    )
    backtest: BacktestSpec = Field(
        default=BacktestSpec(),
        description="Policies and histories that the past is replayed under.",
    )
    schedules: SchedulesSpec = Field(
        default=SchedulesSpec(), description="Which of the shared sensors act on the model."
    )
    serving: ServingSpec = Field(
        default=ServingSpec(), description="How the service answers, and what it logs."
    )
    release: ReleaseSpec = Field(
        default=ReleaseSpec(),
        description="How a version that passed the gate becomes the champion; or its mode alone.",
    )
    card: CardSpec = Field(description="Parts of the model card that only people can write.")

    @classmethod
    def _accepted(cls, attributes: Any) -> Any:
        return _label_known_at_landing(super()._accepted(attributes))

    def with_loss(self, loss: str) -> Self:
        """The same model, judged by a loss of its task."""
        task = self.task.model_copy(update={"loss": loss})
        return self.model_copy(update={"task": task})

    @property
    def limits(self) -> Mapping[str, Limit]:
        """What the gate asks of each metric: the task's own limits, changed by those declared."""
        limits = {**_limits_of(self.task.default_limits), **self.gate.limits}
        return {metric: limit for metric, limit in limits.items() if limit is not None}

    @property
    def least_agreement(self) -> Mapping[str, float]:
        """What the gate asks of each figure of two versions, likewise."""
        least = {**self.task.default_agreement, **self.gate.min_agreement}
        return {name: level for name, level in least.items() if level is not None}

    @property
    def metric_levels(self) -> Mapping[str, MetricLevelsSpec]:
        """From where each metric of a window alarms, likewise."""
        limits = _limits_of(self.task.window_limits)
        own = {metric: MetricLevelsSpec(warn=limit) for metric, limit in limits.items()}
        levels = {**own, **self.monitoring.performance.levels}
        return {metric: level for metric, level in levels.items() if level is not None}

    @property
    def tuning_metric(self) -> str:
        """The metric that chooses among candidates."""
        return self.training.tuning.metric or self.task.loss

    @property
    def retrainings(self) -> Mapping[str, RetrainingSpec]:
        """The declared one, and those that the backtest compares, by the path of each."""
        compared = self.backtest.policies.items()
        return {
            "retraining": self.retraining,
            **{f"backtest.policies.{name}": retraining for name, retraining in compared},
        }

    @property
    def learns_on(self) -> bool:
        """Whether some of them teaches a champion what is new."""
        return any(retraining.learns_on for retraining in self.retrainings.values())

    @property
    def learnt_features(self) -> tuple[str, ...]:
        """Features that an estimator learns from: all but the group that the task judges by."""
        return tuple(name for name in self.features.names if name != self.task.group_column)

    def columns_of(self, entry: ColumnStepsSpec) -> tuple[str, ...]:
        """Feature columns that one preprocessing entry names; of a kind those that are learnt."""
        if isinstance(entry.columns, str):
            of_kind = self.features.of_kind(entry.columns)
            return tuple(name for name in of_kind if name != self.task.group_column)
        return entry.columns


def _limits_of(bounds_of_metrics: Mapping[str, Bounds]) -> Mapping[str, Limit]:
    return {name: limit_of(bounds) for name, bounds in bounds_of_metrics.items()}


def _label_known_at_landing(attributes: Any) -> Any:
    """Attributes in which the label is known at its landing, where they say no moment at all.

    Without event time its landing is the one moment that there is.
    """
    if not isinstance(attributes, dict):
        return attributes
    features, label = attributes.get("features"), attributes.get("label")
    if isinstance(features, FeaturesSpec):
        timeless = not features.has_event_time
    else:
        timeless = isinstance(features, dict) and features.get("event_time", "") is None
    if timeless and isinstance(label, dict) and "known_at" not in label:
        return {**attributes, "label": {**label, "known_at": None}}
    if timeless and isinstance(label, LabelSpec) and "known_at" not in label.model_fields_set:
        return {**attributes, "label": label.model_copy(update={"known_at": None})}
    return attributes
