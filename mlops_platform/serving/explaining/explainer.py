"""Why a prediction is what it is: contributions of the features that add up to it exactly."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from mlops_platform.errors import ServingError
from mlops_platform.serving.explaining.tree_shap import TreeShap, tree_shap
from mlops_platform.serving.frames import Row
from mlops_platform.serving.schema import FeatureSchema
from mlops_platform.serving.scoring.compiled.columns import sklearn_name
from mlops_platform.serving.scoring.compiled.linear import LINEAR, LinearScore, compile_linear
from mlops_platform.serving.scoring.compiled.sklearn_ensembles import ensemble_of
from mlops_platform.serving.scoring.compiled.unpacked import (
    Exponential,
    Identity,
    Sigmoid,
    unpack,
)
from mlops_platform.serving.scoring.rounding import relative_difference

TOLERANCE = 1e-6
"""Largest difference between the sum of an explanation and what it explains, on its scale."""


class NotExplainable(ServingError):
    """A model whose contributions are not exact; the message says why."""


@dataclass(frozen=True)
class Explanation:
    """`base` and `contributions` add up to `total`, on whose scale `number` is.

    That scale is the log-odds of a probability, and any other number itself.

    Args:
        base: mean over training rows (trees) or over the background (linear models).
        contributions: by feature, in the order of the schema.
    """

    base: float
    contributions: dict[str, float]
    total: float
    number: float


@dataclass(frozen=True, eq=False)
class Explainer:
    """Explains one of the numbers that a model says of a row.

    Trees get the Shapley values of `tree_shap.py`, linear models each feature's own term less its
    mean over the background. A sigmoid makes both log-odds: it is affine in the raw score.
    """

    _names: tuple[str, ...]
    _score: LinearScore | TreeShap
    _start: float
    _usual: Mapping[str, float]
    _link: Sigmoid | Identity

    @classmethod
    def of(
        cls,
        model: Any,
        schema: FeatureSchema,
        background: Sequence[Row] = (),
        number: int = 0,
    ) -> Explainer:
        """Prepare a model to be explained.

        Args:
            background: rows that a linear model's contributions are relative to; without any they
                are relative to zero in every transformed column.
            number: position of the number that is explained among those that the model says.

        Raises:
            ServingError: there is no exact explanation.
        """
        head = unpack(model, schema).heads[number]
        estimator, link = head.estimator, head.link
        if isinstance(link, Exponential):
            raise NotExplainable(
                f"what adds up with the loss {estimator.loss} of {type(estimator).__name__} is a "
                "logarithm; choose a loss such as `squared_error`."
            )
        if not isinstance(link, Sigmoid | Identity):
            raise NotExplainable(
                "nothing adds up to the steps of isotonic calibration, nor to log-odds of averaged "
                "probabilities; calibrate by sigmoid."
            )
        if sklearn_name(estimator) in LINEAR:
            linear = compile_linear(estimator, head.columns)
            usual = _mean_terms(linear, background)
            start = linear.intercept + sum(usual.values())
            return cls(schema.names, linear, start, usual, link)
        ensemble = ensemble_of(estimator, head.columns)
        if ensemble is None:
            raise NotExplainable(
                f"{type(estimator).__name__} has no exact contributions here; scikit-learn's "
                "linear models and tree ensembles have."
            )
        trees = tree_shap(ensemble)
        return cls(schema.names, trees, trees.base, {}, link)

    def explain(self, row: Row) -> Explanation:
        """Explain one row."""
        slope, terms = self._link.slope, self._score.by_source(row)
        contributions = {
            name: slope * (terms.get(name, 0.0) - self._usual.get(name, 0.0))
            for name in self._names
        }
        base = self._link.explained(self._start)
        total = base + sum(contributions.values())
        return Explanation(base, contributions, total, self._link.number_at(total))

    def verify(self, rows: Sequence[Row], numbers: Sequence[float]) -> float:
        """Compare explanations with what the pipeline says; the largest error on their scale.

        Raises:
            NotExplainable: one does not add up.
        """
        largest = 0.0
        for row, number in zip(rows, numbers, strict=True):
            explained = self.explain(row)
            error = relative_difference(number, explained.number)
            error = max(error, self._link.error_at(explained.total, number) or 0.0)
            if not error <= TOLERANCE:
                raise NotExplainable(
                    f"contributions add up to {error:g} beside the answer (allowed {TOLERANCE:g})."
                )
            largest = max(largest, error)
        return largest


def _mean_terms(score: LinearScore, rows: Sequence[Row]) -> dict[str, float]:
    means: dict[str, float] = {}
    for terms in map(score.by_source, rows):
        for name, value in terms.items():
            means[name] = means.get(name, 0.0) + value / len(rows)
    return means
