"""A calibrated pipeline taken apart: columns, estimator, calibrator."""

from __future__ import annotations

from bisect import bisect_right
from dataclasses import dataclass
from math import exp, log
from typing import Any

from mlops_platform.serving.schema import FeatureSchema
from mlops_platform.serving.scoring.compiled.columns import (
    CompiledColumn,
    NotCompilable,
    sklearn_name,
)
from mlops_platform.serving.scoring.compiled.steps import compile_step, feature_columns


@dataclass(frozen=True)
class Sigmoid:
    """Platt's calibration: the log-odds are `slope * raw + offset` (Platt 1999)."""

    slope: float
    offset: float

    def log_odds(self, raw: float) -> float:
        """Log-odds of the calibrated probability."""
        return self.slope * raw + self.offset

    def probability(self, raw: float) -> float:
        """The calibrated probability."""
        return expit(self.slope * raw + self.offset)


SMALLEST = 1e-12
"""What scikit-learn adds to a probability before it takes its logarithm."""


@dataclass(frozen=True)
class Temperature:
    """Temperature scaling of probabilities: their log-odds times `factor` (Guo et al. 2017)."""

    factor: float

    def probability(self, raw: float) -> float:
        """The calibrated probability."""
        return expit(self.factor * (log(raw + SMALLEST) - log(1 - raw + SMALLEST)))


@dataclass(frozen=True)
class Isotonic:
    """Isotonic calibration: a line from knot to knot, level outside."""

    raw: tuple[float, ...]
    probabilities: tuple[float, ...]

    def probability(self, raw: float) -> float:
        """The calibrated probability."""
        knots, levels = self.raw, self.probabilities
        if not knots[0] < raw < knots[-1]:
            # NaN stays NaN.
            return levels[0] if raw <= knots[0] else levels[-1] if raw >= knots[-1] else raw
        at = bisect_right(knots, raw)
        slope = (levels[at] - levels[at - 1]) / (knots[at] - knots[at - 1])
        return slope * (raw - knots[at - 1]) + levels[at - 1]


Calibration = Sigmoid | Temperature | Isotonic


@dataclass(frozen=True)
class Unpacked:
    """A calibrated model: `calibration.probability(raw score of estimator on columns)`."""

    columns: tuple[CompiledColumn, ...]
    estimator: Any
    calibration: Calibration


def unpack(model: Any, schema: FeatureSchema) -> Unpacked:
    """Take a model of `training/fitting/calibration.py` apart.

    Raises:
        NotCompilable: it is made of other parts.
    """
    calibrated: Any = getattr(model, "calibrated_classifiers_", ())
    if len(calibrated) != 1 or len(calibrated[0].calibrators) != 1:
        raise NotCompilable(f"{type(model).__name__} is no binary model with one calibrator.")
    if list(model.classes_) != [False, True]:
        raise NotCompilable(f"classes {list(model.classes_)} are not false and true.")
    frozen = calibrated[0].estimator
    pipeline = getattr(frozen, "estimator", frozen)
    if sklearn_name(pipeline) != "Pipeline":
        raise NotCompilable(f"{type(pipeline).__name__} is calibrated where a Pipeline should be.")
    columns = feature_columns(schema)
    if list(getattr(pipeline, "feature_names_in_", ())) != list(schema.names):
        raise NotCompilable(
            "the pipeline was fitted on columns in another order than the schema's."
        )
    for _, step in pipeline.steps[:-1]:
        columns = compile_step(step, columns)
    estimator = pipeline.steps[-1][1]
    return Unpacked(columns, estimator, _calibration(calibrated[0].calibrators[0], estimator))


def _calibration(calibrator: Any, estimator: Any) -> Calibration:
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
