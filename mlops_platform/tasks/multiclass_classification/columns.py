"""The outputs of a multiclass classifier, and the constants that lead to them.

Classes may be called anything; only their positions, from 1, become names of columns.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from mlops_platform.tasks.predictions import Output

DECISION, CONFIDENCE = "decision", "confidence"
SET_SIZE, SET_FROM = "set_size", "set_from"
"""Of a prediction set: how many classes it holds, and the least probability that is in it."""
PROBABILITIES, SET, COVERAGE = "probabilities", "set", "coverage"
"""Fields of an answer that are made of several outputs."""


def probability(position: int) -> str:
    """Column of the probability of a class, by its position from 0."""
    return f"probability_{position + 1}"


def share(position: int) -> str:
    """Constant of the baseline: the share of a class."""
    return f"share_{position + 1}"


def known(position: int) -> str:
    """Constant: 1 where the model was fitted on rows of a class, else 0."""
    return f"known_{position + 1}"


def factor(position: int) -> str:
    """Constant: by what the model's probability of a class is multiplied."""
    return f"factor_{position + 1}"


def outputs_of(classes: Sequence[str], *, sets: bool) -> tuple[Output, ...]:
    """The columns of every prediction.

    Args:
        sets: whether prediction sets are among them.
    """
    return (
        Output(
            name=DECISION,
            field=DECISION,
            words="decided",
            kind="category",
            watched=True,
            description="The class that is decided: of the least expected cost.",
        ),
        Output(
            name=CONFIDENCE,
            field=CONFIDENCE,
            words="confidence",
            kind="number",
            minimum=0.0,
            maximum=1.0,
            watched=True,
            description="The greatest of the probabilities.",
        ),
        *(
            Output(
                name=probability(position),
                field=probability(position),
                words=f"probability of {name}",
                kind="number",
                minimum=0.0,
                maximum=1.0,
                description=f"Probability that the outcome is {name!r}.",
            )
            for position, name in enumerate(classes)
        ),
        *(_SET_OUTPUTS if sets else ()),
    )


_SET_OUTPUTS: Final = (
    Output(
        name=SET_SIZE,
        field=SET_SIZE,
        words="classes in the set",
        kind="number",
        minimum=1.0,
        watched=True,
        description="How many classes the set holds that has the outcome as often as is promised.",
    ),
    Output(
        name=SET_FROM,
        field=SET_FROM,
        words="least probability in the set",
        kind="number",
        minimum=0.0,
        maximum=1.0,
        description="Classes of at least this probability are in the set, and the likeliest one.",
    ),
)
