"""Scores of a candidate on the folds of a search, without doing the same work twice."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

from mlops_platform.spec import CandidateSpec, ModelSpec
from mlops_platform.training.pipelines.pipeline import build_pipeline
from mlops_platform.training.pipelines.space import Params
from mlops_platform.training.rows import features_of, targets_of
from mlops_platform.training.search.folds import folds_of

if TYPE_CHECKING:
    from pandas import DataFrame
    from sklearn.pipeline import Pipeline


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
        self._features, self._targets = features_of(rows, spec), targets_of(rows, spec)
        self.folds = folds_of(rows, spec)
        self._metric = spec.task.all_metrics[spec.tuning_metric]
        self._preprocessed: dict[tuple[str, int], tuple[str, Any, Any]] = {}
        self._scores: dict[tuple[str, str, int], float] = {}

    def scores(self, candidate: CandidateSpec, params: Params) -> Iterator[float]:
        """The score of each fold, oldest first, computed as it is asked for."""
        for fold in range(len(self.folds)):
            key = (candidate.name, _key(params), fold)
            if key not in self._scores:
                self._scores[key] = self._score(candidate, params, fold)
            yield self._scores[key]

    def _score(self, candidate: CandidateSpec, params: Params, fold: int) -> float:
        fit, held_out = self.folds[fold]
        pipeline = build_pipeline(self._spec, candidate, params)
        fitted_on, scored_on = self._preprocess(candidate.name, params, fold, pipeline)
        estimator = pipeline[-1].fit(fitted_on, self._targets[fit])
        predictions = self._spec.task.raw_predictions(estimator, scored_on)
        return self._metric.compute(self._targets[held_out], predictions)

    def _preprocess(
        self, candidate: str, params: Params, fold: int, pipeline: Pipeline
    ) -> tuple[Any, Any]:
        fit, held_out = self.folds[fold]
        key = _key(
            {name: value for name, value in params.items() if not name.startswith("estimator.")}
        )
        kept = self._preprocessed.get((candidate, fold))
        if kept is None or kept[0] != key:
            transformer = pipeline[:-1]
            fitted_on = transformer.fit_transform(self._features.iloc[fit], self._targets[fit])
            kept = (key, fitted_on, transformer.transform(self._features.iloc[held_out]))
            self._preprocessed[candidate, fold] = kept
        return kept[1], kept[2]


def _key(params: Params) -> str:
    return json.dumps(params, sort_keys=True, default=str)
