"""Fitting a recipe, calibrating it, and refitting it on everything known."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from mlops_platform.spec import ModelSpec
from mlops_platform.training.fitting.threshold import choose_threshold
from mlops_platform.training.pipelines.pipeline import build_pipeline, candidate_named
from mlops_platform.training.rows import features_of, labels_of, positive_scores

if TYPE_CHECKING:
    from pandas import DataFrame
    from sklearn.calibration import CalibratedClassifierCV
    from sklearn.pipeline import Pipeline

    from mlops_platform.training.search.search import Recipe
    from mlops_platform.training.split import Split


@dataclass(frozen=True, eq=False)
class Candidate:
    """A fitted, calibrated pipeline with its decision threshold.

    Attributes:
        model: takes a DataFrame with the feature columns; positive where its probability of
            class 1 is at least `threshold`.
        base_rate: share of positives among the rows the pipeline was fitted on.
    """

    model: CalibratedClassifierCV
    threshold: float
    base_rate: float

    @property
    def pipeline(self) -> Pipeline:
        """The pipeline below the calibrator."""
        return self.model.estimator.estimator


def fit_candidate(spec: ModelSpec, recipe: Recipe, split: Split) -> Candidate:
    """Fit on the training part, calibrate and choose the threshold on the validation part.

    The test part is not looked at.
    """
    pipeline = _fit_pipeline(spec, recipe, split.train)
    model = _calibrate(spec, pipeline, split.validation)
    scores = positive_scores(model, features_of(split.validation, spec))
    labels = labels_of(split.validation, spec)
    return Candidate(
        model=model,
        threshold=choose_threshold(labels, scores, spec.training.costs),
        base_rate=float(labels_of(split.train, spec).mean()),
    )


def refit(spec: ModelSpec, recipe: Recipe, judged: Candidate, split: Split) -> Candidate:
    """The judged recipe fitted on every known row; this is what is released.

    Once the pipeline is fitted on all rows, none is left on which its calibrator could be fitted
    honestly: on rows it has seen, a pipeline's scores are too sure of themselves. So, as
    scikit-learn's `CalibratedClassifierCV(ensemble=False)` does, the calibrator is fitted on
    out-of-sample scores, here those of the judged pipeline on the validation and test rows, and
    carried over to the pipeline that is fitted on all rows. The threshold is the judged one: both
    models' probabilities are calibrated, so it means the same for both.

    Args:
        spec: the model.
        recipe: what was judged.
        judged: `fit_candidate`'s result on the same split.
        split: the same split.
    """
    import pandas as pd

    rows = split.everything
    unseen = pd.concat([split.validation, split.test], ignore_index=True)
    model = _calibrate(spec, judged.pipeline, unseen)
    return Candidate(
        model=_carry_over(model, _fit_pipeline(spec, recipe, rows)),
        threshold=judged.threshold,
        base_rate=float(labels_of(rows, spec).mean()),
    )


def _fit_pipeline(spec: ModelSpec, recipe: Recipe, rows: DataFrame) -> Pipeline:
    pipeline = build_pipeline(spec, candidate_named(spec, recipe.candidate), recipe.params)
    return pipeline.fit(features_of(rows, spec), labels_of(rows, spec))


def _calibrate(spec: ModelSpec, pipeline: Pipeline, unseen: DataFrame) -> CalibratedClassifierCV:
    from sklearn.calibration import CalibratedClassifierCV
    from sklearn.frozen import FrozenEstimator

    model = CalibratedClassifierCV(FrozenEstimator(pipeline), method=spec.training.calibration)
    return model.fit(features_of(unseen, spec), labels_of(unseen, spec))


def _carry_over(model: CalibratedClassifierCV, pipeline: Pipeline) -> CalibratedClassifierCV:
    """Put `pipeline` under the calibrator of `model`, which was fitted on another one's scores."""
    from sklearn.frozen import FrozenEstimator

    frozen = FrozenEstimator(pipeline)
    model.set_params(estimator=frozen)
    for calibrated in model.calibrated_classifiers_:
        calibrated.estimator = frozen
    return model
