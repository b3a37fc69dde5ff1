"""Why a probability is what it is: contributions of the features that add up to it exactly."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from math import log, log1p
from typing import Any

from mlops_platform.errors import ServingError
from mlops_platform.serving.explaining.tree_shap import TreeShap, tree_shap
from mlops_platform.serving.frames import Row
from mlops_platform.serving.schema import FeatureSchema
from mlops_platform.serving.scoring.compiled.calibrated import Sigmoid, expit, unpack
from mlops_platform.serving.scoring.compiled.columns import sklearn_name
from mlops_platform.serving.scoring.compiled.linear import LINEAR, LinearScore, compile_linear
from mlops_platform.serving.scoring.compiled.sklearn_ensembles import ensemble_of

TOLERANCE = 1e-6
"""Largest difference, in log-odds, between the sum of an explanation and what it explains."""

SATURATED = 1e-9
"""Closer to 0 or 1 a float64 probability no longer tells its log-odds within the tolerance."""


class NotExplainable(ServingError):
    """A model whose contributions are not exact; the message says why."""


@dataclass(frozen=True)
class Explanation:
    """`base` and `contributions`, in log-odds, add up to `log_odds`, those of `probability`.

    Args:
        base: mean over training rows (trees) or over the background (linear models).
        contributions: by feature, in the order of the schema.
    """

    base: float
    contributions: dict[str, float]
    log_odds: float
    probability: float


@dataclass(frozen=True, eq=False)
class Explainer:
    """Explains the rows of one model.

    Trees get the Shapley values of `tree_shap.py`, linear models each feature's own term less its
    mean over the background. A sigmoid makes both log-odds: it is affine in the raw score.
    """

    _names: tuple[str, ...]
    _score: LinearScore | TreeShap
    _start: float
    _usual: Mapping[str, float]
    _calibration: Sigmoid

    @classmethod
    def of(cls, model: Any, schema: FeatureSchema, background: Sequence[Row] = ()) -> Explainer:
        """Prepare a model to be explained.

        Args:
            background: rows that a linear model's contributions are relative to; without any they
                are relative to zero in every transformed column.

        Raises:
            ServingError: there is no exact explanation.
        """
        parts = unpack(model, schema)
        if not isinstance(parts.calibration, Sigmoid):
            raise NotExplainable(
                "nothing adds up to the steps of isotonic calibration, nor to log-odds of averaged "
                "probabilities; calibrate by sigmoid."
            )
        if sklearn_name(parts.estimator) in LINEAR:
            linear = compile_linear(parts.estimator, parts.columns)
            usual = _mean_terms(linear, background)
            start = linear.intercept + sum(usual.values())
            return cls(schema.names, linear, start, usual, parts.calibration)
        ensemble = ensemble_of(parts.estimator, parts.columns)
        if ensemble is None:
            raise NotExplainable(
                f"{type(parts.estimator).__name__} has no exact contributions here; linear models "
                "and tree ensembles have."
            )
        trees = tree_shap(ensemble)
        return cls(schema.names, trees, trees.base, {}, parts.calibration)

    def explain(self, row: Row) -> Explanation:
        """Explain one row."""
        slope, terms = self._calibration.slope, self._score.by_source(row)
        contributions = {
            name: slope * (terms.get(name, 0.0) - self._usual.get(name, 0.0))
            for name in self._names
        }
        base = self._calibration.log_odds(self._start)
        log_odds = base + sum(contributions.values())
        return Explanation(base, contributions, log_odds, expit(log_odds))

    def verify(self, rows: Sequence[Row], probabilities: Sequence[float]) -> float:
        """Compare explanations with what the pipeline answers; the largest error in log-odds.

        Raises:
            NotExplainable: one does not add up.
        """
        largest = 0.0
        for row, probability in zip(rows, probabilities, strict=True):
            explained = self.explain(row)
            error = abs(explained.probability - probability)
            if SATURATED < probability < 1 - SATURATED:
                error = max(error, abs(explained.log_odds - log(probability) + log1p(-probability)))
            if not error <= TOLERANCE:
                raise NotExplainable(
                    f"contributions add up to {error:g} log-odds beside the answer "
                    f"(allowed {TOLERANCE:g})."
                )
            largest = max(largest, error)
        return largest


def _mean_terms(score: LinearScore, rows: Sequence[Row]) -> dict[str, float]:
    means: dict[str, float] = {}
    for terms in map(score.by_source, rows):
        for name, value in terms.items():
            means[name] = means.get(name, 0.0) + value / len(rows)
    return means
