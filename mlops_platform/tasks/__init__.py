"""What kinds of outcome a model may predict; no other room knows which there are."""

from mlops_platform.tasks.adaptation import AdaptationRule, Adjustment, ScoredDay
from mlops_platform.tasks.answering.graph import Graph, Tensor
from mlops_platform.tasks.answering.row_answer import RowAnswer
from mlops_platform.tasks.bounds import Bounds
from mlops_platform.tasks.declared import DEFAULT_TASK, TASKS, TaskSpec
from mlops_platform.tasks.detail_table import DetailTable
from mlops_platform.tasks.estimate import EstimatedPerformance, ExpectedConfusion
from mlops_platform.tasks.expansion import Expansion
from mlops_platform.tasks.finished import Constants, Finished, Rows
from mlops_platform.tasks.group_metric import GroupMetric
from mlops_platform.tasks.metric import Metric, VersionMetric
from mlops_platform.tasks.predictions import MeanTotals, Output, Predictions
from mlops_platform.tasks.task import Answer, Refusal, Task

__all__ = [
    "DEFAULT_TASK",
    "TASKS",
    "AdaptationRule",
    "Adjustment",
    "Answer",
    "Bounds",
    "Constants",
    "DetailTable",
    "EstimatedPerformance",
    "Expansion",
    "ExpectedConfusion",
    "Finished",
    "Graph",
    "GroupMetric",
    "MeanTotals",
    "Metric",
    "Output",
    "Predictions",
    "Refusal",
    "RowAnswer",
    "Rows",
    "ScoredDay",
    "Task",
    "TaskSpec",
    "Tensor",
    "VersionMetric",
]
