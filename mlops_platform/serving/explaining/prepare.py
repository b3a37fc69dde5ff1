"""What explains a model of a task."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from mlops_platform.serving.explaining.class_explainer import ClassExplainer
from mlops_platform.serving.explaining.explainer import Explainer

if TYPE_CHECKING:
    from mlops_platform.serving.frames import Row
    from mlops_platform.serving.schema import FeatureSchema
    from mlops_platform.serving.scoring.explanation import Explains
    from mlops_platform.tasks import Task


def prepare_explainer(
    task: Task, model: Any, schema: FeatureSchema, background: Sequence[Row]
) -> Explains:
    """Of every class where the task states these, else of the model's first number.

    Args:
        model: as it was fitted, or its packed form.
        background: rows that the contributions of a linear model are relative to.

    Raises:
        ServingError: there is no exact explanation.
    """
    if task.states_every_class:
        return ClassExplainer.of(model, schema, background)
    return Explainer.of(model, schema, background)
