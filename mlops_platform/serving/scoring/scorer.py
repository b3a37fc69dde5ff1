"""From validated rows to probabilities."""

from __future__ import annotations

from collections.abc import Sequence
from operator import itemgetter
from typing import TYPE_CHECKING, Any

from mlops_platform.errors import ServingError
from mlops_platform.serving.frames import Row, frame_of
from mlops_platform.serving.schema import CategoricalColumn, FeatureSchema

if TYPE_CHECKING:
    import numpy as np
    import pandas as pd
    from numpy.typing import NDArray

    from mlops_platform.serving.scoring.compiled.model import CompiledModel

TOLERANCE = 1e-12
"""Largest difference between a served and an offline probability that is taken as rounding."""


class UnscorableRow(ServingError):
    """A row for which the model has no finite answer."""


def positive_probability(model: Any, frame: pd.DataFrame) -> NDArray[np.float64]:
    """Predict P(label is true) of each row with any fitted binary classifier."""
    probabilities: NDArray[np.float64] = model.predict_proba(frame)
    return probabilities[:, list(model.classes_).index(True)]


class Scorer:
    """One loaded model with its schema and its decision threshold.

    Args:
        compiled: score few rows by the compiled model, where there is one; many rows go through
            the pipeline, which is quicker then.

    Attributes:
        compiled: whether it does so.
        reason: why not, if it cannot.
    """

    def __init__(
        self, schema: FeatureSchema, model: Any, threshold: float, compiled: bool = True
    ) -> None:
        self.schema, self.model, self.threshold = schema, model, threshold
        self.reason: str | None = None
        self._compiled: CompiledModel | None = None
        if compiled:
            from mlops_platform.serving.scoring.compiled.model import NotCompilable, compile_model

            try:
                self._compiled = compile_model(model, schema)
            except NotCompilable as error:
                self.reason = str(error)
        self.compiled = self._compiled is not None
        self._categories = tuple(
            (column.name, frozenset((None, *column.categories)))
            for column in schema.columns
            if isinstance(column, CategoricalColumn) and column.categories is not None
        )

    def probability(self, row: Row) -> float:
        """Predict P(label is true) of one row.

        Raises:
            UnscorableRow: its numbers are too large for the model.
        """
        if self._compiled is None:
            return self.probabilities([row])[0]
        probability = self._compiled.probability(row)
        if 0.0 <= probability <= 1.0:
            return probability
        raise self._unscorable(f"the probability is {probability}")

    def probabilities(self, rows: Sequence[Row]) -> list[float]:
        """Predict P(label is true) of each row.

        Raises:
            UnscorableRow: the numbers of one of them are too large for the model.
        """
        if self._compiled is not None and len(rows) <= self._compiled.best_rows:
            probabilities = self._compiled.probabilities(rows)
        else:
            probabilities = self._by_pipeline(rows)
        if all(0.0 <= probability <= 1.0 for probability in probabilities):
            return probabilities
        raise self._unscorable("a probability is not a number")

    def unknown_categories(self, row: Row) -> tuple[str, ...]:
        """Fields of a row that hold a category which training never saw."""
        return tuple([name for name, known in self._categories if row[name] not in known])

    def unknown_in_each(self, rows: Sequence[Row]) -> list[tuple[str, ...]]:
        """The same of each of many rows, of which most hold none."""
        if all(known.issuperset(map(itemgetter(name), rows)) for name, known in self._categories):
            return [()] * len(rows)
        return [self.unknown_categories(row) for row in rows]

    def _by_pipeline(self, rows: Sequence[Row]) -> list[float]:
        try:
            probabilities = positive_probability(self.model, frame_of(self.schema, rows))
        except ValueError as error:
            raise self._unscorable(str(error)) from error
        listed: list[float] = probabilities.tolist()
        return listed

    def _unscorable(self, reason: str) -> UnscorableRow:
        return UnscorableRow(f"{self.schema.model} cannot score these values: {reason}")
