"""What the service answers; the documentation is made of these, and tests hold answers to them."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from types import MappingProxyType
from typing import TYPE_CHECKING, Any, Final, Literal

from pydantic import Field, create_model

from mlops_platform.record import Record
from mlops_platform.serving.schema import FeatureSchema
from mlops_platform.tasks import Task

if TYPE_CHECKING:
    from mlops_platform.serving.scoring.explanation import Explanation


EXPLAINED: Final = "classes"
"""Field of an explanation that has one for each class."""


class RowWarning(Record):
    """Something about a row that was answered nevertheless."""

    field: str
    kind: Literal["unknown_category"]
    message: str


_LOOKED_UP: Final[Mapping[str, Any]] = MappingProxyType(
    {
        "event_time": (
            datetime,
            Field(description="The moment as of which the features were computed."),
        ),
        "feature_age_seconds": (float, Field(description="How long ago they were exported.")),
    }
)
"""Fields of answers from an online store."""


@dataclass(frozen=True)
class AnswerTypes:
    """What predictions of one task look like.

    Args:
        prediction: the answer for a single row.
        batch: the answers for a batch.
        by_entity: the answer for an entity.
        explained: the answer for a single row, with contributions.
        expanded: the answers for the entities that one request names.
    """

    prediction: type[Record]
    batch: type[Record]
    by_entity: type[Record]
    explained: type[Record]
    expanded: type[Record]


def answer_types(task: Task) -> AnswerTypes:
    """The types of answers in a task: the fields of its outputs between those of every answer.

    Where its constants follow the outcomes, they say which ones were in force.
    """
    score = _type("Score", Record, "The answer for one row.", _score_fields(task))
    text = "The answer for a single row."
    prediction = _type("Prediction", score, text, {"model": (str, ...), "request_id": (str, ...)})
    dated = _fields(task.dated_fields())
    of_row = _type("DatedScore", score, "The answer for one row of a known moment.", dated)
    together = _fields(task.together_fields())
    of_many = _type("ScoreOfMany", score, "The answer for one of many rows.", together)
    of_batch = of_many if together else score
    several: dict[str, Any] = {
        **dict.fromkeys(("model", "version"), (str, ...)),
        "sequence": (int, ...),
        **_adjustment_field(task),
        "request_id": (str, ...),
        "predictions": (tuple[of_batch, ...], ...),  # type: ignore[valid-type]
    }
    return AnswerTypes(
        prediction=prediction,
        batch=_type(
            "BatchPrediction",
            Record,
            "The answers for a batch, in the order of its rows.\n\n"
            "Version and sequence are the champion's; during a canary a row may name the "
            "challenger's.",
            several,
        ),
        by_entity=_type(
            "EntityPrediction",
            prediction,
            "The answer for an entity, from its latest features.",
            {**dated, **_LOOKED_UP},
        ),
        explained=_explained(task, prediction),
        expanded=_type(
            "ExpandedPrediction",
            Record,
            "The answers for all rows that a request names, in their order, by one version.",
            {**several, "predictions": (tuple[of_row, ...], ...), **_LOOKED_UP},  # type: ignore[valid-type]
        ),
    )


def explained_answer(
    task: Task, classes: Iterable[str], explanations: Sequence[Explanation]
) -> dict[str, Any]:
    """Explanations as they are answered: the only one, or those of the classes by their names."""
    told = [
        {
            "base": explanation.base,
            task.explained_scale: explanation.total,
            "contributions": explanation.contributions,
        }
        for explanation in explanations
    ]
    return (
        {EXPLAINED: dict(zip(classes, told, strict=True))} if task.states_every_class else told[0]
    )


def _explained(task: Task, prediction: type[Record]) -> type[Record]:
    scale = task.explained_scale
    total = f"`base` and all contributions add up to `{scale}`."
    fields: dict[str, Any] = {
        "base": (float, Field(description=f"Before any feature; {total}")),
        scale: (float, ...),
        "contributions": (dict[str, float], ...),
    }
    text = f"The answer for a single row, and what each feature adds to its {scale}."
    if task.states_every_class:
        text = "The answer for a single row, and what each feature adds to the score of each class."
        meaning = (
            "By class, of those that the model knows. A score is the logarithm of the probability "
            "less the mean of those of all these classes."
        )
        of_class = _type("ExplainedClass", Record, "What each feature adds to the score.", fields)
        fields = {EXPLAINED: (dict[str, of_class], Field(description=meaning))}  # type: ignore[valid-type]
    return _type("ExplainedPrediction", prediction, text, fields)


def _score_fields(task: Task) -> dict[str, Any]:
    return {
        "entity": (str | None, ...),
        **_fields(task.shown_fields()),
        "warnings": (tuple[RowWarning, ...], ...),
        "version": (str, ...),
        "sequence": (int, ...),
        **_adjustment_field(task),
        "role": (Literal["champion", "challenger"], ...),
    }


def _fields(described: Mapping[str, tuple[Any, str]]) -> dict[str, Any]:
    """Fields of a type, of the kind and the description of each."""
    return {name: (kind, Field(description=text)) for name, (kind, text) in described.items()}


def _adjustment_field(task: Task) -> dict[str, Any]:
    if task.adaptation_rule is None:
        return {}
    text = (
        "Adjustment of the release whose constants were in force; 0 are those of the version. "
        "Left out by versions whose constants follow no outcomes."
    )
    return {"adjustment": (int, Field(default=0, description=text))}


def _type(name: str, base: type[Record], text: str, fields: Mapping[str, Any]) -> type[Record]:
    made: type[Record] = create_model(name, __base__=base, __doc__=text, **fields)
    return made


class ServedTask(Record):
    """What is predicted, and the loss by which versions are compared.

    Options of the YAML are no part of it: a Bento that was packed before there were tasks does not
    say them, and today's defaults need not be its own.
    """

    type: str
    loss: str


class ServedModel(Record):
    """What the service serves: the release, how it decides, what it takes, and its card.

    Args:
        constants: in force: what turns the numbers of the model into predictions.
        run_id: the MLflow run that the version comes from.
        environment_hash: names the packages that the Bento is pinned to.
        folded: whether single rows take the fast path, proved equal to the pipeline.
        not_folded: why they do not.
        explained: whether `/v1/explain` answers.
        not_explained: why it does not.
    """

    model: str
    version: str
    sequence: int
    run_id: str | None
    task: ServedTask
    constants: dict[str, float]
    training_set_hash: str
    schema_hash: str
    environment_hash: str
    folded: bool
    not_folded: str | None
    explained: bool
    not_explained: str | None
    features: FeatureSchema
    card: dict[str, Any] | None
    card_markdown: str | None


class AdjustedModel(ServedModel):
    """The same where constants follow the outcomes.

    Args:
        adjustment: of the release, whose constants are in force; 0 are those of the version.
    """

    adjustment: int


def model_type(task: Task) -> type[ServedModel]:
    """What tells of a model with this task."""
    return ServedModel if task.adaptation_rule is None else AdjustedModel


class Status(Record):
    """Whether the service is well."""

    status: Literal["alive", "ready"]
