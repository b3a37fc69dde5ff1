"""TaskSpec: what the key `task` of a model's YAML may say."""

from collections.abc import Mapping
from types import MappingProxyType
from typing import Annotated, Any, Final

from pydantic import ValidationError
from pydantic_core import InitErrorDetails

from mlops_platform.section import nearest_name
from mlops_platform.tasks.anomaly_detection.task import AnomalyDetection
from mlops_platform.tasks.binary_classification.task import BinaryClassification
from mlops_platform.tasks.clustering.task import Clustering
from mlops_platform.tasks.forecasting.task import Forecasting
from mlops_platform.tasks.multiclass_classification.task import MulticlassClassification
from mlops_platform.tasks.ranking.task import Ranking
from mlops_platform.tasks.regression.task import Regression
from mlops_platform.tasks.task import Task
from mlops_platform.told_apart import ToldApart, says

AnyTask = (
    BinaryClassification
    | MulticlassClassification
    | Regression
    | Forecasting
    | AnomalyDetection
    | Clustering
    | Ranking
)
TASKS: Final[Mapping[str, type[Task]]] = MappingProxyType(
    {
        "binary_classification": BinaryClassification,
        "multiclass_classification": MulticlassClassification,
        "regression": Regression,
        "forecasting": Forecasting,
        "anomaly_detection": AnomalyDetection,
        "clustering": Clustering,
        "ranking": Ranking,
    }
)
_TYPE: Final = "type"
DEFAULT_TASK: Final = BinaryClassification()


def _section(task: Any) -> Any:
    """The section that a word or a mapping means; told apart here, so that errors name it alone."""
    written = {"type": task} if isinstance(task, str) else task
    if isinstance(written, Task):
        return written
    if not isinstance(written, Mapping):
        raise ValueError(f"{task!r} is no task; write its name, such as `{next(iter(TASKS))}`")
    if _TYPE not in written:
        raise ValueError(f"it names no task; write `type: {next(iter(TASKS))}`, or another task")
    name = str(written[_TYPE])
    if name not in TASKS:
        fault = f"unknown task '{name}'. {nearest_name('task', name, [*TASKS])}"
        if isinstance(task, str):
            raise ValueError(fault)
        raise ValidationError.from_exception_data("task", [_at_type(name, fault)])
    return TASKS[name].model_validate(written)


def _at_type(name: str, fault: str) -> InitErrorDetails:
    return InitErrorDetails(type="value_error", loc=(_TYPE,), input=name, ctx={"error": fault})


TaskSpec = Annotated[
    AnyTask,
    ToldApart(
        _section,
        tuple(says(_TYPE, name) for name in TASKS),
        {"required": [_TYPE], "properties": {_TYPE: {"enum": list(TASKS)}}},
        tuple(TASKS),
    ),
]
"""A task's name, or a section with its `type` and options."""
