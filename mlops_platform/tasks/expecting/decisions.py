"""ExpectedDecisions: confusion, precision and recall under outcomes that are drawn."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Final, NamedTuple

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from mlops_platform.tasks.predictions import Numbers

    Codes = NDArray[np.int64]


LEAST_EXPECTED: Final = 1e-12
"""Weight of outcomes below which there are none: of less a share has no meaning, nor a slope."""


class Expected(NamedTuple):
    """A figure, and by how much the one that comes true differs from it by chance (deviation)."""

    value: float
    error: float


@dataclass(frozen=True)
class ExpectedDecisions:
    """Figures of decisions, each an expectation over outcomes with some probabilities.

    Ratios are those of expected sums, and their deviations follow from their first derivatives (the
    delta method; Casella and Berger 2002, "Statistical inference", section 5.5.4). Rows are drawn
    independently of each other.

    Args:
        probabilities: of each outcome, that rows add up to 1, shape (rows, classes).
        decided: position of what was decided, shape (rows,).
        weights: of the rows, shape (rows,); None where all count the same. Of the confusion rows
            are counted, as in that of an evaluation.
    """

    probabilities: Numbers
    decided: Codes
    weights: Numbers | None = None

    @property
    def classes(self) -> int:
        """How many there are."""
        return int(self.probabilities.shape[1])

    @cached_property
    def confusion(self) -> tuple[Numbers, Numbers]:
        """Expected rows by what comes true and what was decided, and their deviations.

        Shape (classes, classes) both.
        """
        import numpy as np

        counts, variances = (np.zeros((self.classes, self.classes)) for _ in range(2))
        for position in range(self.classes):
            of_decision = self.probabilities[self.decided == position]
            counts[:, position] = of_decision.sum(axis=0)
            variances[:, position] = (of_decision * (1 - of_decision)).sum(axis=0)
        return counts, np.sqrt(variances)

    def mean(self, values: Numbers) -> Expected:
        """Of a value that each row has by its outcome, shape (rows, classes)."""
        weighed = values * (self._weights / self._weights.sum())[:, None]
        return self._linear(weighed)

    @property
    def accuracy(self) -> Expected:
        """Share of right decisions."""
        return self.mean(self._is_decided)

    def precision(self, position: int) -> Expected:
        """Share of the decisions for a class that come true; 0 where there is none."""
        decisions = self._weights * self._is_decided[:, position]
        total = float(decisions.sum())
        if not total:
            return Expected(0.0, 0.0)
        return self._of_class(position, decisions / total)

    def recall(self, position: int) -> Expected:
        """Share of the outcomes of a class that are decided so; 0 where none is to be expected."""
        value, slopes = self._recall(position)
        return Expected(value, self._of_class(position, slopes).error)

    def f1(self, position: int) -> Expected:
        """Harmonic mean of both."""
        value, slopes = self._f1(position)
        return Expected(value, self._of_class(position, slopes).error)

    @property
    def balanced_accuracy(self) -> Expected:
        """Mean of the recalls of the classes that come true."""
        return self._over_classes([self._recall(at) for at in range(self.classes)])

    @property
    def macro_f1(self) -> Expected:
        """Mean of the F1 of the classes that come true."""
        return self._over_classes([self._f1(at) for at in range(self.classes)])

    @cached_property
    def _weights(self) -> Numbers:
        import numpy as np

        return np.ones(len(self.decided)) if self.weights is None else self.weights

    @cached_property
    def _is_decided(self) -> Numbers:
        import numpy as np

        return np.asarray(self.decided[:, None] == np.arange(self.classes), dtype=np.float64)

    @cached_property
    def _outcomes(self) -> Numbers:
        """Expected weight of each class."""
        expected: Numbers = self._weights @ self.probabilities
        return expected

    @cached_property
    def _hits(self) -> Numbers:
        """Expected weight of right decisions for each class."""
        expected: Numbers = self._weights @ (self._is_decided * self.probabilities)
        return expected

    def _recall(self, position: int) -> tuple[float, Numbers]:
        """With what an outcome of the class adds to it, by row."""
        outcomes = float(self._outcomes[position])
        if outcomes < LEAST_EXPECTED:
            return 0.0, self._weights * 0
        value = float(self._hits[position]) / outcomes
        return value, self._weights * (self._is_decided[:, position] - value) / outcomes

    def _f1(self, position: int) -> tuple[float, Numbers]:
        decisions = float(self._weights @ self._is_decided[:, position])
        total = decisions + float(self._outcomes[position])
        if not total:
            return 0.0, self._weights * 0
        value = 2 * float(self._hits[position]) / total
        return value, self._weights * (2 * self._is_decided[:, position] - value) / total

    def _over_classes(self, figures: list[tuple[float, Numbers]]) -> Expected:
        """Mean over classes, each by the chance that it comes true at all."""
        import numpy as np

        # Of 1 - p as a logarithm: of a million rows the product would be lost in rounding.
        with np.errstate(divide="ignore"):
            occurs = -np.expm1(np.log1p(-np.minimum(self.probabilities, 1.0)).sum(axis=0))
        shares = occurs / occurs.sum()
        slopes = np.column_stack([slope for _, slope in figures]) * shares
        value = float(
            sum(share * figure for share, (figure, _) in zip(shares, figures, strict=True))
        )
        return Expected(value, self._linear(slopes).error)

    def _of_class(self, position: int, values: Numbers) -> Expected:
        """Of a sum over the rows whose outcome is a class, shape (rows,)."""
        chances = self.probabilities[:, position]
        variance = float((values**2 * chances * (1 - chances)).sum())
        return Expected(float(values @ chances), variance**0.5)

    def _linear(self, values: Numbers) -> Expected:
        """Of a sum over all rows of what their outcome adds, shape (rows, classes)."""
        means = (self.probabilities * values).sum(axis=1)
        spreads = (self.probabilities * (values - means[:, None]) ** 2).sum()
        return Expected(float(means.sum()), float(spreads) ** 0.5)
