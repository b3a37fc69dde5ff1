"""Scores of a candidate on the folds of a search, without doing the same work twice."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import TYPE_CHECKING, NamedTuple

from mlops_platform.spec import CandidateSpec, ModelSpec
from mlops_platform.tasks import Rows
from mlops_platform.training.label_gap import as_known
from mlops_platform.training.pipelines.pipeline import build_pipeline
from mlops_platform.training.pipelines.space import Params
from mlops_platform.training.resampling import fitted_rows
from mlops_platform.training.rows import task_rows
from mlops_platform.training.search.folds import folds_of

if TYPE_CHECKING:
    from pandas import DataFrame
    from sklearn.pipeline import Pipeline

    from mlops_platform.tasks.predictions import Numbers


class FoldScorer:
    """Fits and scores pipelines fold by fold.

    Trials often differ in the estimator only, and preprocessing costs as much as a linear fit: the
    last preprocessed data of each (candidate, fold) is kept. A repeated trial costs nothing.
    """

    def __init__(self, spec: ModelSpec, rows: DataFrame) -> None:
        """Cut `rows` (in the order of their split) into folds.

        Raises:
            TrainingError: there are too few days, or the outcomes of a fold are of no use.
        """
        self._spec = spec
        self._rows = rows
        self.folds = folds_of(rows, spec)
        self._metric = spec.task.all_metrics[spec.tuning_metric]
        self._preprocessed: dict[tuple[str, int], tuple[str, _Fold]] = {}
        self._scores: dict[tuple[str, str, int], float] = {}

    def scores(self, candidate: CandidateSpec, params: Params) -> Iterator[float]:
        """The score of each fold, oldest first, computed as it is asked for."""
        for fold in range(len(self.folds)):
            key = (candidate.name, _key(params), fold)
            if key not in self._scores:
                self._scores[key] = self._score(candidate, params, fold)
            yield self._scores[key]

    def _score(self, candidate: CandidateSpec, params: Params, fold: int) -> float:
        pipeline = build_pipeline(self._spec, candidate, params)
        fitted_on, scored_on, published, offsets = self._preprocess(
            candidate, params, fold, pipeline
        )
        task, estimator = self._spec.task, pipeline[-1]
        raw = task.raw_predictions(estimator, fitted_on, scored_on.features)
        outcomes = raw if offsets is None else task.with_offsets(raw, offsets)
        predictions = task.beside(outcomes, published)
        return self._metric.compute(scored_on.targets, predictions.weighted(scored_on.weights))

    def _preprocess(
        self, candidate: CandidateSpec, params: Params, fold: int, pipeline: Pipeline
    ) -> _Fold:
        key = _key(
            {name: value for name, value in params.items() if not name.startswith("estimator.")}
        )
        kept = self._preprocessed.get((candidate.name, fold))
        if kept is None or kept[0] != key:
            fitted_on, scored_on = (self._rows.iloc[at] for at in self.folds[fold])
            if self._spec.task.fits_unlabelled and self._spec.features.has_event_time:
                fitted_on = as_known(fitted_on, scored_on, self._spec)
            seen, held_out = (task_rows(rows, self._spec) for rows in (fitted_on, scored_on))
            fit = fitted_rows(seen, candidate, self._spec.training.tuning.seed)
            offsets, fit_offsets = (self._spec.task.offsets(rows, fit) for rows in (held_out, fit))
            if fit_offsets is not None:
                fit = fit._replace(targets=fit.targets - fit_offsets)
            transformer = pipeline[:-1]
            fit = fit._replace(features=transformer.fit_transform(fit.features, fit.targets))
            scored = held_out._replace(features=transformer.transform(held_out.features))
            kept = (key, _Fold(fit, scored, held_out.features, offsets))
            self._preprocessed[candidate.name, fold] = kept
        return kept[1]


class _Fold(NamedTuple):
    """Rows of one fold with their preprocessed features.

    Attributes:
        published: features of the scored rows before that.
        offsets: of the scored rows; those of the others are taken from their targets.
    """

    fitted_on: Rows
    scored_on: Rows
    published: DataFrame
    offsets: Numbers | None


def _key(params: Params) -> str:
    return json.dumps(params, sort_keys=True, default=str)
