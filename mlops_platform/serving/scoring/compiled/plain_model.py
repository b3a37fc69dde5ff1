"""A fitted model as plain data: everything that its numbers follow from, without scikit-learn."""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import partial
from typing import Any

from mlops_platform.serving.schema import FeatureSchema
from mlops_platform.serving.scoring.compiled.columns import NotCompilable, sklearn_name
from mlops_platform.serving.scoring.compiled.ensemble import Ensemble
from mlops_platform.serving.scoring.compiled.linear import LINEAR, LinearTerms, read_linear
from mlops_platform.serving.scoring.compiled.links import Joint, Link
from mlops_platform.serving.scoring.compiled.nearest.closeness import Closeness
from mlops_platform.serving.scoring.compiled.nearest.distance import (
    NEAREST,
    DistanceTerms,
    read_distance,
)
from mlops_platform.serving.scoring.compiled.sklearn_ensembles import ensemble_of
from mlops_platform.serving.scoring.compiled.trees import require_few_nodes, stored_by_treelite
from mlops_platform.serving.scoring.compiled.unpacked import Head, unpack, unpack_classes

Score = LinearTerms | DistanceTerms | Ensemble


@dataclass(frozen=True, eq=False)
class PlainHead:
    """One number of a model: `link.number(raw score)`.

    Args:
        of_class: whether the score is one of several, of which each class has its own.
        treelite: the trees as Treelite keeps them, where they are too many to be compiled.
    """

    score: Score
    link: Link
    of_class: bool = False
    treelite: bytes | None = None


@dataclass(frozen=True, eq=False)
class PlainModel:
    """A model, one number after the other.

    Args:
        joint: what makes the numbers of the heads those of the model; None where they are.
    """

    heads: tuple[PlainHead, ...]
    joint: Joint | None = None


def plain_model(
    model: Any, schema: FeatureSchema, *, every_class: bool = False, limited: bool = True
) -> PlainModel:
    """Read off what a task has finished.

    Args:
        every_class: whether the numbers are the probabilities of all classes of the model.
        limited: whether trees may be no more than a worker compiles; too many are left to
            Treelite, or refused. Else they are read however many there are.

    Raises:
        NotCompilable: a part of it has no compiled form; the message names it.
    """
    parts = unpack_classes(model, schema) if every_class else unpack(model, schema)
    heads = tuple(map(_plain, parts.heads))
    if limited:
        heads = tuple(map(partial(_limited, count=len(heads)), heads, parts.heads))
    return PlainModel(heads, parts.joint)


def score_of(head: Head) -> Score | None:
    """The raw score of an estimator; None where it is no linear model, centre or known trees.

    Raises:
        NotCompilable: a part of it has no compiled form.
    """
    if sklearn_name(head.estimator) in LINEAR or isinstance(head.estimator, Closeness):
        return read_linear(head.estimator, head.columns, head.position)
    if sklearn_name(head.estimator) in NEAREST and head.position is not None:
        return read_distance(head.estimator, head.columns, head.position)
    return ensemble_of(head.estimator, head.columns, head.position)


def _plain(head: Head) -> PlainHead:
    score = score_of(head)
    if score is None:
        raise NotCompilable(f"{type(head.estimator).__name__} has no compiled form.")
    return PlainHead(score, head.link, of_class=head.position is not None)


def _limited(plain: PlainHead, head: Head, count: int) -> PlainHead:
    """One of `count` heads as a worker can have it."""
    if not isinstance(plain.score, Ensemble):
        return plain
    if plain.of_class:
        require_few_nodes(plain.score, count)
        return plain
    return replace(plain, treelite=stored_by_treelite(plain.score, head.estimator))
