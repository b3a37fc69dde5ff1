"""The raw score of an estimator as a constant and what each feature adds to it, exactly."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from mlops_platform.serving.explaining.tree_shap import TreeShap, tree_shap
from mlops_platform.serving.frames import Row
from mlops_platform.serving.scoring.compiled.ensemble import Ensemble
from mlops_platform.serving.scoring.compiled.linear import LinearScore, LinearTerms
from mlops_platform.serving.scoring.compiled.nearest.distance import DistanceTerms
from mlops_platform.serving.scoring.compiled.plain_model import PlainHead, Score, score_of
from mlops_platform.serving.scoring.compiled.unpacked import Head
from mlops_platform.serving.scoring.explanation import NotExplainable


@dataclass(frozen=True, eq=False)
class AdditiveScore:
    """Trees by their Shapley values, linear models by each feature's own term less its mean.

    Args:
        start: mean over training rows (trees) or over the background (linear models).
    """

    start: float
    _score: LinearScore | TreeShap | None
    _usual: Mapping[str, float]

    def terms(self, row: Row) -> dict[str, float]:
        """What each feature adds to the start; a feature that is not there adds nothing."""
        if self._score is None:
            return {}
        terms = self._score.by_source(row)
        return {name: value - self._usual.get(name, 0.0) for name, value in terms.items()}


def additive_score(head: Head | PlainHead, background: Sequence[Row]) -> AdditiveScore:
    """Of one head of a model, fitted or packed.

    Args:
        background: rows that a linear model's terms are relative to; without any they are relative
            to zero in every transformed column.

    Raises:
        ServingError: it is no exact sum.
    """
    score, of_class = _score(head)
    if isinstance(score, LinearTerms):
        linear = LinearScore.of(score)
        usual = _mean_terms(linear, background)
        return AdditiveScore(linear.intercept + sum(usual.values()), linear, usual)
    if of_class and _is_constant(score):
        # Of a rare class there may be nothing to split by.
        return AdditiveScore(score.base + sum(_roots(score)), None, {})
    trees = tree_shap(score)
    return AdditiveScore(trees.base, trees, {})


def _score(head: Head | PlainHead) -> tuple[LinearTerms | Ensemble, bool]:
    """The raw score, and whether it is one of several."""
    if isinstance(head, PlainHead):
        return _additive(head.score), head.of_class
    score = score_of(head)
    if score is None:
        raise NotExplainable(
            f"{type(head.estimator).__name__} has no exact contributions here; scikit-learn's "
            "linear models and tree ensembles have."
        )
    return _additive(score), head.position is not None


def _additive(score: Score) -> LinearTerms | Ensemble:
    if isinstance(score, DistanceTerms):
        raise NotExplainable(
            "a distance from a centre is no sum over features, so that there are no exact "
            "contributions to it."
        )
    return score


def _is_constant(ensemble: Ensemble) -> bool:
    return all(len(tree.value) == 1 for tree in ensemble.trees)


def _roots(ensemble: Ensemble) -> list[float]:
    return [float(tree.value[0]) for tree in ensemble.trees]


def _mean_terms(score: LinearScore, rows: Sequence[Row]) -> dict[str, float]:
    means: dict[str, float] = {}
    for terms in map(score.by_source, rows):
        for name, value in terms.items():
            means[name] = means.get(name, 0.0) + value / len(rows)
    return means
