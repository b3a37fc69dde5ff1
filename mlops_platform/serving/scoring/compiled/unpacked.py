"""A finished model taken apart: columns, estimators, and what follows their raw scores."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from mlops_platform.serving.schema import FeatureSchema
from mlops_platform.serving.scoring.compiled.columns import (
    CompiledColumn,
    NotCompilable,
    sklearn_name,
)
from mlops_platform.serving.scoring.compiled.links import (
    Complement,
    Exponential,
    Identity,
    Isotonic,
    Joint,
    Link,
    Nearest,
    Normalised,
    Sigmoid,
    Softmax,
    Temperature,
)
from mlops_platform.serving.scoring.compiled.nearest.closeness import closeness_to
from mlops_platform.serving.scoring.compiled.nearest.distance import NEAREST
from mlops_platform.serving.scoring.compiled.steps import compile_step, feature_columns

LOGARITHMIC = ("poisson", "gamma")
"""Losses of regressors whose raw score is a logarithm."""


@dataclass(frozen=True)
class Head:
    """One number of a model: `link.number(raw score of the estimator)`, of its own columns.

    Args:
        position: of the class whose score it is, or of the centre from which its distance is;
            None where the estimator has one score.
    """

    columns: tuple[CompiledColumn, ...]
    estimator: Any
    link: Link
    position: int | None = None


@dataclass(frozen=True)
class Unpacked:
    """A model, one number after the other.

    Args:
        joint: what makes the numbers of the heads those of the model; None where they are.
    """

    heads: tuple[Head, ...]
    joint: Joint | None = None


def unpack(model: Any, schema: FeatureSchema) -> Unpacked:
    """Take apart a calibrated binary classifier, or a pipeline of regressors or of clusters.

    Raises:
        NotCompilable: it is made of other parts.
    """
    if sklearn_name(model) == "Pipeline":
        return _pipeline(model, schema)
    classes = list(getattr(model, "classes_", ()))
    if len(classes) > 2:
        raise NotCompilable(f"it has a number for each of {len(classes)} classes, and not one.")
    pipeline, calibrators = _calibrated(model)
    if len(calibrators) != 1:
        raise NotCompilable(f"{type(model).__name__} is no binary model with one calibrator.")
    if classes != [False, True]:
        raise NotCompilable(f"classes {classes} are not false and true.")
    estimator = pipeline.steps[-1][1]
    link = _calibration(calibrators[0], estimator)
    return Unpacked((Head(_columns(pipeline, schema), estimator, link),))


def unpack_classes(model: Any, schema: FeatureSchema) -> Unpacked:
    """Take apart a calibrated classifier whose numbers are the probabilities of all its classes.

    Raises:
        NotCompilable: it is made of other parts.
    """
    pipeline, calibrators = _calibrated(model)
    estimator, count = pipeline.steps[-1][1], len(model.classes_)
    columns = _columns(pipeline, schema)
    if count == 2:
        link = _calibration(calibrators[0], estimator)
        return Unpacked((Head(columns, estimator, link),), Complement())
    if list(estimator.classes_) != list(model.classes_):
        raise NotCompilable("the calibrator has other classes than what is calibrated.")
    if len(calibrators) == 1 and hasattr(calibrators[0], "beta_"):
        is_margin = hasattr(estimator, "decision_function")
        joint: Joint = Softmax(float(calibrators[0].beta_), is_margin)
        links: list[Link] = [Identity()] * count
    else:
        joint = Normalised()
        links = [_calibration(calibrator, estimator) for calibrator in calibrators]
    heads = (Head(columns, estimator, link, position) for position, link in enumerate(links))
    return Unpacked(tuple(heads), joint)


def _calibrated(model: Any) -> tuple[Any, list[Any]]:
    """The pipeline below a calibrated classifier, and its calibrators."""
    calibrated: Any = getattr(model, "calibrated_classifiers_", ())
    if len(calibrated) != 1:
        raise NotCompilable(f"{type(model).__name__} is no model with one calibrator.")
    frozen = calibrated[0].estimator
    pipeline = getattr(frozen, "estimator", frozen)
    if sklearn_name(pipeline) != "Pipeline":
        raise NotCompilable(f"{type(pipeline).__name__} is calibrated where a Pipeline should be.")
    return pipeline, list(calibrated[0].calibrators)


def _pipeline(pipeline: Any, schema: FeatureSchema) -> Unpacked:
    estimator = pipeline.steps[-1][1]
    columns = _columns(pipeline, schema)
    if sklearn_name(estimator) in NEAREST:
        centres = range(len(estimator.cluster_centers_))
        parts = (estimator, closeness_to(estimator.cluster_centers_))
        heads = (Head(columns, part, Identity(), centre) for part in parts for centre in centres)
        return Unpacked(tuple(heads), Nearest())
    several = sklearn_name(estimator) == "MultiOutputRegressor"
    regressors = getattr(estimator, "estimators_", ()) if several else [estimator]
    return Unpacked(tuple(_head(regressor, columns) for regressor in regressors))


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
