"""Beside its figures an evaluated candidate tells curves, and what moved since the champion."""

from dataclasses import dataclass
from types import SimpleNamespace
from typing import Any

import pytest

from mlops_platform.training.fitting import fit_candidate
from mlops_platform.training.judging.evaluation import evaluate
from mlops_platform.training.search.search import Recipe
from mlops_platform.training.split import split_by_time
from mlops_platform.usecases.candidate.explained import explained
from tests.training.conftest import DECLARED, synthetic_rows


@dataclass(frozen=True)
class Fitted:
    spec: Any
    split: Any
    candidate: Any
    evaluation: Any


@pytest.fixture(scope="module")
def fitted() -> Fitted:
    from mlops_platform.spec import ModelSpec

    spec = ModelSpec.model_validate(DECLARED)
    split = split_by_time(synthetic_rows(), spec)
    recipe = Recipe(
        candidate="linear",
        params={},
        metric="log_loss",
        greater_is_better=False,
        score=0.5,
        trials=(),
    )
    candidate = fit_candidate(spec, recipe, split)
    return Fitted(spec, split, candidate, evaluate(spec, candidate, split, artifact_bytes=1))


def champion_of(fitted: Fitted) -> Any:
    return SimpleNamespace(
        release=SimpleNamespace(version=4),
        model=fitted.candidate.model,
        constants=fitted.candidate.constants,
    )


def test_without_a_champion_there_are_curves_alone(fitted: Fitted) -> None:
    told = explained(fitted.spec, fitted.evaluation, fitted.candidate, fitted.split, None)
    assert told.importance_shift is None
    assert [dependence.feature for dependence in told.dependences] == [
        one.feature for one in fitted.evaluation.importances if one.mean > 0
    ]
    assert type(told).model_validate_json(told.model_dump_json()) == told


def test_the_same_model_as_champion_has_not_moved(fitted: Fitted) -> None:
    told = explained(
        fitted.spec, fitted.evaluation, fitted.candidate, fitted.split, champion_of(fitted)
    )
    assert told.importance_shift is not None
    assert (told.importance_shift.version, told.importance_shift.share) == (4, 0.0)


def test_where_no_level_is_declared_nothing_is_compared(fitted: Fitted) -> None:
    gate = fitted.spec.gate.model_copy(update={"max_importance_shift": None})
    spec = fitted.spec.model_copy(update={"gate": gate})
    told = explained(spec, fitted.evaluation, fitted.candidate, fitted.split, champion_of(fitted))
    assert told.importance_shift is None
