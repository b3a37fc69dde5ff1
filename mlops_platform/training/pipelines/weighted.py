"""Whether estimators can be fitted by the weights of rows."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from mlops_platform.errors import SpecError
from mlops_platform.spec import ModelSpec
from mlops_platform.training.pipelines.pipeline import build_pipeline
from mlops_platform.training.pipelines.space import defaults_of


def weight_fault(spec: ModelSpec, estimator: Any) -> str | None:
    """Why an unfitted estimator cannot do with the declared weights; None where it can."""
    from sklearn.utils.validation import has_fit_parameter

    if spec.features.weight is None or has_fit_parameter(estimator, "sample_weight"):
        return None
    return (
        f"Rows count by `features.weight: {spec.features.weight}`, and its `fit` takes no "
        "`sample_weight`: choose an estimator that does, or declare no weight."
    )


def weightless_candidates(spec: ModelSpec) -> Iterator[SpecError]:
    """One error for each candidate that cannot do with the declared weights.

    Raises:
        SpecError: a class or a parameter does not exist.
    """
    if spec.features.weight is None:
        return
    for position, candidate in enumerate(spec.training.candidates):
        estimator = build_pipeline(spec, candidate, defaults_of(candidate))[-1]
        fault = weight_fault(spec, estimator)
        if fault is not None:
            path = f"training.candidates.{position}.estimator.type"
            yield SpecError(path, candidate.estimator.type, fault)
