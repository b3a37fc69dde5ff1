"""Fitting a recipe, and refitting it on everything known."""

from __future__ import annotations

from typing import TYPE_CHECKING

from mlops_platform.spec import ModelSpec
from mlops_platform.tasks import Finished, Rows
from mlops_platform.training.pipelines.pipeline import build_pipeline, candidate_named
from mlops_platform.training.rows import features_of, targets_of

if TYPE_CHECKING:
    from pandas import DataFrame
    from sklearn.pipeline import Pipeline

    from mlops_platform.training.search.search import Recipe
    from mlops_platform.training.split import Split


def fit_candidate(spec: ModelSpec, recipe: Recipe, split: Split) -> Finished:
    """Fit on the training part, and finish on the validation part; the test part is not looked at.

    Its baseline is that of the training part.
    """
    pipeline = _pipeline(spec, recipe)
    return spec.task.fit(pipeline, _rows(split.train, spec), _rows(split.validation, spec))


def refit(spec: ModelSpec, recipe: Recipe, judged: Finished, split: Split) -> Finished:
    """The judged recipe fitted on every known row; this is what is released.

    Args:
        spec: the model.
        recipe: what was judged.
        judged: `fit_candidate`'s result on the same split.
        split: the same split.
    """
    rows, unseen_rows = _rows(split.everything, spec), _rows(split.unseen, spec)
    return spec.task.refit(judged, _pipeline(spec, recipe), rows, unseen_rows)


def _pipeline(spec: ModelSpec, recipe: Recipe) -> Pipeline:
    return build_pipeline(spec, candidate_named(spec, recipe.candidate), recipe.params)


def _rows(frame: DataFrame, spec: ModelSpec) -> Rows:
    return Rows(features_of(frame, spec), targets_of(frame, spec))
