"""What each feature adds to the answer of a loaded version for one row."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import TYPE_CHECKING, NamedTuple

from mlops_platform.errors import ServingError
from mlops_platform.usecases.explanation.record import Additive, Contribution

if TYPE_CHECKING:
    from mlops_platform.column_kind import Value
    from mlops_platform.serving.scoring.explanation import Explanation
    from mlops_platform.serving.served_version import ServedVersion
    from mlops_platform.tasks import Answer


class Contributions(NamedTuple):
    """The last fields of an `ExplainedPrediction`."""

    additive: Additive | None = None
    classes: Mapping[str, Additive] = MappingProxyType({})
    reason: str | None = None


def explain_row(served: ServedVersion, row: Mapping[str, Value]) -> tuple[Answer, Contributions]:
    """The answer, its contributions, and why there are none; each row is proved to add up."""
    numbers = served.scorer.numbers(row)
    task, explainer = served.release.task, served.explainer
    answer = task.answer(numbers, served.constants)
    if explainer is None:
        return answer, Contributions(reason=served.not_explained)
    try:
        explainer.prove([row], [numbers])
    except ServingError as error:
        return answer, Contributions(reason=str(error))
    classes = task.explained_classes(served.constants)
    additive = [
        _additive(task.explained_scale, row, explanation)
        for explanation in explainer.explanations(row, tuple(classes.values()))
    ]
    if classes:
        return answer, Contributions(classes=dict(zip(classes, additive, strict=True)))
    return answer, Contributions(additive[0])


def _additive(scale: str, row: Mapping[str, Value], explanation: Explanation) -> Additive:
    largest_first = sorted(explanation.contributions.items(), key=lambda item: -abs(item[1]))
    contributions = tuple(
        Contribution(feature=name, value=row[name], contribution=value)
        for name, value in largest_first
    )
    return Additive(
        scale=scale,
        base=explanation.base,
        total=explanation.total,
        contributions=contributions,
    )
