"""A finished model taken apart: columns, estimators, and what follows their raw scores."""

from __future__ import annotations

from bisect import bisect_right
from dataclasses import dataclass
from math import exp, log, log1p
from typing import Any

from mlops_platform.serving.schema import FeatureSchema
from mlops_platform.serving.scoring.compiled.columns import (
    CompiledColumn,
    NotCompilable,
    sklearn_name,
)
from mlops_platform.serving.scoring.compiled.steps import compile_step, feature_columns
from mlops_platform.serving.scoring.rounding import relative_difference


@dataclass(frozen=True)
class Sigmoid:
    """Platt's calibration: the log-odds are `slope * raw + offset` (Platt 1999)."""

    slope: float
    offset: float

    def explained(self, raw: float) -> float:
        """Log-odds of the calibrated probability."""
        return self.slope * raw + self.offset

    def number_at(self, explained: float) -> float:
        """The probability of log-odds."""
        return expit(explained)

    def error_at(self, explained: float, number: float) -> float | None:
        """How far log-odds are from those of a probability; None too close to 0 or 1 to tell."""
        if not SATURATED < number < 1 - SATURATED:
            return None
        return abs(explained - log(number) + log1p(-number))

    def number(self, raw: float) -> float:
        """The calibrated probability."""
        return expit(self.slope * raw + self.offset)


SATURATED = 1e-9
"""Closer to 0 or 1 a float64 probability no longer tells its log-odds."""
SMALLEST = 1e-12
"""What scikit-learn adds to a probability before it takes its logarithm."""


@dataclass(frozen=True)
class Temperature:
    """Temperature scaling of probabilities: their log-odds times `factor` (Guo et al. 2017)."""

    factor: float

    def number(self, raw: float) -> float:
        """The calibrated probability."""
        return expit(self.factor * (log(raw + SMALLEST) - log(1 - raw + SMALLEST)))


@dataclass(frozen=True)
class Isotonic:
    """Isotonic calibration: a line from knot to knot, level outside."""

    raw: tuple[float, ...]
    probabilities: tuple[float, ...]

    def number(self, raw: float) -> float:
        """The calibrated probability."""
        knots, levels = self.raw, self.probabilities
        if not knots[0] < raw < knots[-1]:
            # NaN stays NaN.
            return levels[0] if raw <= knots[0] else levels[-1] if raw >= knots[-1] else raw
        at = bisect_right(knots, raw)
        slope = (levels[at] - levels[at - 1]) / (knots[at] - knots[at - 1])
        return slope * (raw - knots[at - 1]) + levels[at - 1]


@dataclass(frozen=True)
class Identity:
    """The raw score is the number."""

    slope: float = 1.0

    def number(self, raw: float) -> float:
        """The same."""
        return raw

    def explained(self, raw: float) -> float:
        """The same."""
        return raw

    def number_at(self, explained: float) -> float:
        """The same."""
        return explained

    def error_at(self, explained: float, number: float) -> float | None:
        """The difference, relative to numbers beyond 1."""
        return relative_difference(number, explained)


@dataclass(frozen=True)
class Exponential:
    """The raw score is the logarithm of the number."""

    def number(self, raw: float) -> float:
        """The number."""
        return exp(raw)


Link = Sigmoid | Temperature | Isotonic | Identity | Exponential
LOGARITHMIC = ("poisson", "gamma")
"""Losses of regressors whose raw score is a logarithm."""


@dataclass(frozen=True)
class Head:
    """One number of a model: `link.number(raw score of the estimator)`, of its own columns."""

    columns: tuple[CompiledColumn, ...]
    estimator: Any
    link: Link


@dataclass(frozen=True)
class Unpacked:
    """A model, one number after the other."""

    heads: tuple[Head, ...]


def unpack(model: Any, schema: FeatureSchema) -> Unpacked:
    """Take apart what a task has finished: a calibrated classifier, or a pipeline of regressors.

    Raises:
        NotCompilable: it is made of other parts.
    """
    if sklearn_name(model) == "Pipeline":
        return _pipeline(model, schema)
    calibrated: Any = getattr(model, "calibrated_classifiers_", ())
    if len(calibrated) != 1 or len(calibrated[0].calibrators) != 1:
        raise NotCompilable(f"{type(model).__name__} is no binary model with one calibrator.")
    if list(model.classes_) != [False, True]:
        raise NotCompilable(f"classes {list(model.classes_)} are not false and true.")
    frozen = calibrated[0].estimator
    pipeline = getattr(frozen, "estimator", frozen)
    if sklearn_name(pipeline) != "Pipeline":
        raise NotCompilable(f"{type(pipeline).__name__} is calibrated where a Pipeline should be.")
    estimator = pipeline.steps[-1][1]
    link = _calibration(calibrated[0].calibrators[0], estimator)
    return Unpacked((Head(_columns(pipeline, schema), estimator, link),))


def _pipeline(pipeline: Any, schema: FeatureSchema) -> Unpacked:
    estimator = pipeline.steps[-1][1]
    regressors = getattr(estimator, "estimators_", None)
    heads = regressors if sklearn_name(estimator) == "MultiOutputRegressor" else [estimator]
    columns = _columns(pipeline, schema)
    return Unpacked(tuple(_head(head, columns) for head in heads or ()))


def _head(regressor: Any, columns: tuple[CompiledColumn, ...]) -> Head:
    """A regressor, or a pipeline that ends in one."""
    if sklearn_name(regressor) == "Pipeline":
        *steps, (_, regressor) = regressor.steps
        for _, step in steps:
            columns = compile_step(step, columns)
    return Head(columns, regressor, _link_of(regressor))


def _link_of(regressor: Any) -> Link:
    return Exponential() if getattr(regressor, "loss", None) in LOGARITHMIC else Identity()


def _columns(pipeline: Any, schema: FeatureSchema) -> tuple[CompiledColumn, ...]:
    columns = feature_columns(schema)
    if list(getattr(pipeline, "feature_names_in_", ())) != list(schema.names):
        raise NotCompilable(
            "the pipeline was fitted on columns in another order than the schema's."
        )
    for _, step in pipeline.steps[:-1]:
        columns = compile_step(step, columns)
    return columns


def _calibration(calibrator: Any, estimator: Any) -> Link:
    if hasattr(calibrator, "a_"):
        return Sigmoid(-float(calibrator.a_), -float(calibrator.b_))
    if hasattr(calibrator, "beta_"):
        factor = float(calibrator.beta_)
        # Of a decision function x scikit-learn scales both logits, -x and x.
        is_margin = hasattr(estimator, "decision_function")
        return Sigmoid(2 * factor, 0.0) if is_margin else Temperature(factor)
    if hasattr(calibrator, "X_thresholds_"):
        knots = calibrator.X_thresholds_.tolist(), calibrator.y_thresholds_.tolist()
        return Isotonic(tuple(knots[0]), tuple(knots[1]))
    raise NotCompilable(f"calibration by {type(calibrator).__name__} has no compiled form.")


def expit(log_odds: float) -> float:
    """The logistic function, without overflow at either end."""
    if log_odds >= 0:
        return 1.0 / (1.0 + exp(-log_odds))
    odds = exp(log_odds)
    return odds / (1.0 + odds)
