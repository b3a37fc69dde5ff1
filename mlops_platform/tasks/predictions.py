"""Predictions: what a model says about some rows, one column for each output."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal

from mlops_platform.record import Record

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    Numbers = NDArray[np.float64]
    Targets = NDArray[Any]
    """Outcomes in the type of the task, shape (rows,)."""


class Output(Record):
    """One column of every prediction.

    Args:
        name: its column in stored predictions and in drift.
        field: its name in what a service answers and logs.
        words: for a person: a noun for a number, what is true of a row for a flag.
        minimum, maximum: bounds, both included; None where there is none.
        watched: whether its drift is measured.
    """

    name: str
    field: str
    words: str
    kind: Literal["number", "flag"]
    description: str
    minimum: float | None = None
    maximum: float | None = None
    watched: bool = False


@dataclass(frozen=True, eq=False)
class Predictions:
    """Columns by the name of their output, each of shape (rows,).

    Args:
        weights: how much each row counts in every mean and metric, shape (rows,); None where all
            count the same.
        moments: of which each row is, shape (rows,); None where nobody knows, or rows have none.
    """

    columns: Mapping[str, NDArray[Any]]
    weights: Numbers | None = None
    moments: NDArray[np.datetime64] | None = None

    def __getitem__(self, name: str) -> NDArray[Any]:
        return self.columns[name]

    def __len__(self) -> int:
        return len(next(iter(self.columns.values())))

    def mean_of(self, values: NDArray[Any]) -> float:
        """Mean of a value of each row, shape (rows,), by the weights of the rows."""
        import numpy as np

        return float(np.average(values, weights=self.weights))

    def means(self) -> dict[str, float]:
        """Mean of each column; of a flag the share of rows that have it."""
        return {name: self.mean_of(column) for name, column in self.columns.items()}

    def weighted_like(self, others: Predictions | None) -> Predictions:
        """The same with weights and moments of other predictions of the same rows."""
        if others is None:
            return self
        return Predictions(self.columns, others.weights, others.moments)

    def at(self, moments: NDArray[np.datetime64] | None) -> Predictions:
        """The same with the moment of each row, shape (rows,)."""
        return Predictions(self.columns, self.weights, moments)

    def rows(self, selected: NDArray[Any]) -> Predictions:
        """Some of the rows, by a mask or by positions."""
        return Predictions(
            {name: column[selected] for name, column in self.columns.items()},
            None if self.weights is None else self.weights[selected],
            None if self.moments is None else self.moments[selected],
        )


class MeanTotals:
    """Means of predictions that are added up batch by batch, and forgotten."""

    def __init__(self) -> None:
        self._rows = 0
        self._sums: dict[str, float] = {}

    def add(self, predictions: Predictions) -> None:
        """Add some rows."""
        rows = len(predictions)
        self._rows += rows
        for name, mean in predictions.means().items():
            self._sums[name] = self._sums.get(name, 0.0) + rows * mean

    def means(self) -> dict[str, float]:
        """Mean of each column over all rows."""
        return {name: total / self._rows for name, total in self._sums.items()}
