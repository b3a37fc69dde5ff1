"""A fitted model compiled into plain functions: the same probabilities, a thousand times sooner.

Scalers, imputers and encoders become lookups, a linear model a sum, trees conditional expressions.
Nothing is believed: packaging compares both on thousands of rows (`parity.py`).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from mlops_platform.serving.frames import Row
from mlops_platform.serving.schema import FeatureSchema
from mlops_platform.serving.scoring.compiled.calibrated import Calibration, unpack
from mlops_platform.serving.scoring.compiled.columns import NotCompilable, sklearn_name
from mlops_platform.serving.scoring.compiled.linear import LINEAR, LinearScore, compile_linear
from mlops_platform.serving.scoring.compiled.sklearn_ensembles import ensemble_of
from mlops_platform.serving.scoring.compiled.trees import (
    CompiledTrees,
    TreeliteTrees,
    compile_ensemble,
)

__all__ = ["CompiledModel", "NotCompilable", "compile_model"]


@dataclass(frozen=True)
class CompiledModel:
    """A calibrated model as functions of a row."""

    score: LinearScore | CompiledTrees | TreeliteTrees
    calibration: Calibration

    @property
    def best_rows(self) -> int:
        """More rows at once are quicker through the pipeline."""
        return self.score.best_rows

    def probability(self, row: Row) -> float:
        """P(label is true) of one row."""
        return self.calibration.probability(self.score.raw(row))

    def probabilities(self, rows: Sequence[Row]) -> list[float]:
        """P(label is true) of some rows."""
        return [self.calibration.probability(raw) for raw in self.score.raws(rows)]


def compile_model(model: Any, schema: FeatureSchema) -> CompiledModel:
    """Compile a calibrated pipeline.

    Raises:
        NotCompilable: a part of it has no compiled form; the message names it.
    """
    parts = unpack(model, schema)
    if sklearn_name(parts.estimator) in LINEAR:
        return CompiledModel(compile_linear(parts.estimator, parts.columns), parts.calibration)
    ensemble = ensemble_of(parts.estimator, parts.columns)
    if ensemble is None:
        raise NotCompilable(f"{type(parts.estimator).__name__} has no compiled form.")
    return CompiledModel(compile_ensemble(ensemble, parts.estimator), parts.calibration)
