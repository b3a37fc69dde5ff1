"""Fitting a recipe, and refitting it on everything known; or teaching a version what is new."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

from mlops_platform.spec import CandidateSpec, ModelSpec
from mlops_platform.tasks import Finished, Rows
from mlops_platform.training.pipelines.pipeline import build_pipeline, candidate_named
from mlops_platform.training.resampling import fitted_rows
from mlops_platform.training.rows import task_rows

if TYPE_CHECKING:
    from pandas import DataFrame

    from mlops_platform.training.learning_on import Base, Learner
    from mlops_platform.training.search.search import Recipe
    from mlops_platform.training.split import Split


def fit_candidate(
    spec: ModelSpec, recipe: Recipe, split: Split, base: Base | None = None
) -> Finished:
    """Fit on the training part, and finish on the validation part; the test part is not looked at.

    Its baseline is that of the training part.

    Args:
        base: version that is taught what is new of that part; fitted anew where None.
    """
    candidate = candidate_named(spec, recipe.candidate)
    train, unseen = task_rows(split.train, spec), task_rows(split.validation, spec)
    pipeline = _pipeline(spec, recipe, split.train, None if base is None else base.judged)
    finished = spec.task.fit(pipeline, _fitted_rows(spec, candidate, train), unseen)
    return _with_baseline(spec, candidate, finished, train)


def refit(
    spec: ModelSpec, recipe: Recipe, judged: Finished, split: Split, base: Base | None = None
) -> Finished:
    """The judged recipe fitted on every known row; this is what is released.

    Args:
        spec: the model.
        recipe: what was judged.
        judged: `fit_candidate`'s result on the same split and base.
        split: the same split.
        base: version that is taught every row that is new to it; fitted anew where None.
    """
    candidate, everything = candidate_named(spec, recipe.candidate), split.everything
    rows, unseen_rows = task_rows(everything, spec), task_rows(split.unseen, spec)
    pipeline = _pipeline(spec, recipe, everything, None if base is None else base.released)
    finished = spec.task.refit(judged, pipeline, _fitted_rows(spec, candidate, rows), unseen_rows)
    return _with_baseline(spec, candidate, finished, rows)


def _pipeline(spec: ModelSpec, recipe: Recipe, rows: DataFrame, learner: Learner | None) -> Any:
    if learner is not None:
        return learner.pipeline(rows, spec)
    return build_pipeline(spec, candidate_named(spec, recipe.candidate), recipe.params)


def _fitted_rows(spec: ModelSpec, candidate: CandidateSpec, rows: Rows) -> Rows:
    return fitted_rows(rows, candidate, spec.training.tuning.seed)


def _with_baseline(
    spec: ModelSpec, candidate: CandidateSpec, finished: Finished, rows: Rows
) -> Finished:
    """The baseline is that of the rows as they are, not as they were resampled."""
    if candidate.resampling is None:
        return finished
    return replace(finished, baseline=spec.task.baseline(rows.targets, rows.weights))
