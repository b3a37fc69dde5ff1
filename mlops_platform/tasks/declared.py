"""TaskSpec: what the key `task` of a model's YAML may say."""

from collections.abc import Mapping
from types import MappingProxyType
from typing import Annotated, Any, Final, Literal

from pydantic import BeforeValidator

from mlops_platform.section import nearest_name
from mlops_platform.tasks.binary_classification.task import BinaryClassification
from mlops_platform.tasks.regression.task import Regression
from mlops_platform.tasks.task import Task

AnyTask = BinaryClassification | Regression
Word = Literal["binary_classification", "regression"]
TASKS: Final[Mapping[str, type[Task]]] = MappingProxyType(
    {"binary_classification": BinaryClassification, "regression": Regression}
)
DEFAULT_TASK: Final = BinaryClassification()


def _section(task: Any) -> Any:
    """The section that a word or a mapping means; told apart here, so that errors name it alone."""
    written = {"type": task} if isinstance(task, str) else task
    if isinstance(written, Task):
        return written
    if not isinstance(written, Mapping):
        raise ValueError(f"{task!r} is no task; write its name, such as `{next(iter(TASKS))}`")
    name = written.get("type")
    if name is None:
        raise ValueError(f"it names no task; write `type: {next(iter(TASKS))}`, or another task")
    if name not in TASKS:
        raise ValueError(f"unknown task '{name}'. {nearest_name('task', str(name), [*TASKS])}")
    return TASKS[name].model_validate(written)


TaskSpec = Annotated[AnyTask, BeforeValidator(_section, json_schema_input_type=Word | AnyTask)]
"""A task's name, or a section with its `type` and options."""
