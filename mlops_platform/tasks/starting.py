"""What tasks propose of a label that nobody has seen before, and what a model of it starts with."""

from collections.abc import Mapping
from types import MappingProxyType
from typing import Any, Final

from mlops_platform.tasks.anomaly_detection.starting import AnomalyDetectionStarter
from mlops_platform.tasks.binary_classification.starting import BinaryClassificationStarter
from mlops_platform.tasks.clustering.starting import ClusteringStarter
from mlops_platform.tasks.declared import TASKS
from mlops_platform.tasks.forecasting.starting import ForecastingStarter
from mlops_platform.tasks.multiclass_classification.starting import (
    MulticlassClassificationStarter,
)
from mlops_platform.tasks.proposals.proposal import Inputs, LabelFacts, Proposal, Start, Starter
from mlops_platform.tasks.ranking.starting import RankingStarter
from mlops_platform.tasks.regression.starting import RegressionStarter
from mlops_platform.tasks.task import Task

_STARTERS: Final[Mapping[str, Starter]] = MappingProxyType(
    {
        "binary_classification": BinaryClassificationStarter(),
        "regression": RegressionStarter(),
        "multiclass_classification": MulticlassClassificationStarter(),
        "forecasting": ForecastingStarter(),
        "anomaly_detection": AnomalyDetectionStarter(),
        "clustering": ClusteringStarter(),
        "ranking": RankingStarter(),
    }
)
"""In the order in which they are asked: where two tasks fit, the first is the better one."""


def propose_tasks(label: LabelFacts) -> tuple[Proposal, ...]:
    """Tasks that fit a label, the best first; none where no task does."""
    proposals = (starter.propose(label) for starter in _STARTERS.values())
    return tuple(proposal for proposal in proposals if proposal is not None)


def start(task: Mapping[str, Any], label: LabelFacts, inputs: Inputs) -> Start:
    """Candidates, gate, monitoring and retraining with which a model of a task starts.

    Args:
        task: a valid section `task` of the YAML.

    Raises:
        SpecError: something of the label has to be known for it.
    """
    return _STARTERS[str(task["type"])].start(task, label, inputs)


def label_type(task: Mapping[str, Any]) -> str:
    """SQL type in which the label table of such a model publishes the outcome."""
    return _section(task).label_type


def has_classes(task: Mapping[str, Any]) -> bool:
    """Whether its outcomes are classes, whose shares a split can keep."""
    return TASKS[str(task["type"])].has_classes


def output_columns(task: Mapping[str, Any]) -> frozenset[str]:
    """Columns of its predictions, which no column of a feature table may be called like."""
    return frozenset(output.name for output in _section(task).outputs)


def _section(task: Mapping[str, Any]) -> Task:
    return TASKS[str(task["type"])].model_validate(task)
