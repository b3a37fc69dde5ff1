"""Fitting a recipe, and refitting it on everything known."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from mlops_platform.spec import CandidateSpec, ModelSpec
from mlops_platform.tasks import Finished, Rows
from mlops_platform.training.pipelines.pipeline import build_pipeline, candidate_named
from mlops_platform.training.resampling import fitted_rows
from mlops_platform.training.rows import task_rows

if TYPE_CHECKING:
    from mlops_platform.training.search.search import Recipe
    from mlops_platform.training.split import Split


def fit_candidate(spec: ModelSpec, recipe: Recipe, split: Split) -> Finished:
    """Fit on the training part, and finish on the validation part; the test part is not looked at.

    Its baseline is that of the training part.
    """
    candidate = candidate_named(spec, recipe.candidate)
    train, unseen = task_rows(split.train, spec), task_rows(split.validation, spec)
    pipeline = build_pipeline(spec, candidate, recipe.params)
    finished = spec.task.fit(pipeline, _fitted_rows(spec, candidate, train), unseen)
    return _with_baseline(spec, candidate, finished, train)


def refit(spec: ModelSpec, recipe: Recipe, judged: Finished, split: Split) -> Finished:
    """The judged recipe fitted on every known row; this is what is released.

    Args:
        spec: the model.
        recipe: what was judged.
        judged: `fit_candidate`'s result on the same split.
        split: the same split.
    """
    candidate = candidate_named(spec, recipe.candidate)
    rows, unseen_rows = task_rows(split.everything, spec), task_rows(split.unseen, spec)
    pipeline = build_pipeline(spec, candidate, recipe.params)
    finished = spec.task.refit(judged, pipeline, _fitted_rows(spec, candidate, rows), unseen_rows)
    return _with_baseline(spec, candidate, finished, rows)


def _fitted_rows(spec: ModelSpec, candidate: CandidateSpec, rows: Rows) -> Rows:
    return fitted_rows(rows, candidate, spec.training.tuning.seed)


def _with_baseline(
    spec: ModelSpec, candidate: CandidateSpec, finished: Finished, rows: Rows
) -> Finished:
    """The baseline is that of the rows as they are, not as they were resampled."""
    if candidate.resampling is None:
        return finished
    return replace(finished, baseline=spec.task.baseline(rows.targets, rows.weights))
