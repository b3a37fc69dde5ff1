"""From validated rows to probabilities, decisions and warnings."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from mlops_platform.serving.answers import RowWarning, Score
from mlops_platform.serving.frames import Row, frame_of
from mlops_platform.serving.schema import CategoricalColumn, FeatureSchema

if TYPE_CHECKING:
    import numpy as np
    import pandas as pd
    from numpy.typing import NDArray

TOLERANCE = 1e-12
"""Largest difference between a served and an offline probability that is taken as rounding."""


def positive_probability(model: Any, frame: pd.DataFrame) -> NDArray[np.float64]:
    """Predict P(label is true) of each row with any fitted binary classifier."""
    probabilities: NDArray[np.float64] = model.predict_proba(frame)
    return probabilities[:, list(model.classes_).index(True)]


class Scorer:
    """One loaded model with its schema and its decision threshold."""

    def __init__(self, schema: FeatureSchema, model: Any, threshold: float) -> None:
        self._schema, self._model, self._threshold = schema, model, threshold
        self._categories = {
            column.name: frozenset(column.categories)
            for column in schema.columns
            if isinstance(column, CategoricalColumn) and column.categories is not None
        }

    def probabilities(self, rows: Sequence[Row]) -> list[float]:
        """Predict P(label is true) of each row."""
        probabilities = positive_probability(self._model, frame_of(self._schema, rows))
        return [float(probability) for probability in probabilities]

    def score(self, rows: Sequence[Row]) -> tuple[Score, ...]:
        """Answer each row, in order."""
        return tuple(
            Score(
                entity=row.get(self._schema.entity),
                probability=probability,
                decision=probability >= self._threshold,
                warnings=self._warnings(row),
            )
            for row, probability in zip(rows, self.probabilities(rows), strict=True)
        )

    def _warnings(self, row: Row) -> tuple[RowWarning, ...]:
        return tuple(
            RowWarning(
                field=name,
                kind="unknown_category",
                message=f"{name}: {row[name]!r} was never seen in training.",
            )
            for name, known in self._categories.items()
            if row[name] is not None and row[name] not in known
        )
