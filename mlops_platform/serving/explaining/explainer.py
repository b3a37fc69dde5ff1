"""Why a number is what it is: contributions of the features that add up to it exactly."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from mlops_platform.serving.explaining.additive_score import AdditiveScore, additive_score
from mlops_platform.serving.frames import Row
from mlops_platform.serving.schema import FeatureSchema
from mlops_platform.serving.scoring.compiled.links import Exponential, Identity, Sigmoid
from mlops_platform.serving.scoring.compiled.plain_model import PlainModel
from mlops_platform.serving.scoring.compiled.unpacked import Head, unpack
from mlops_platform.serving.scoring.explanation import (
    TOLERANCE,
    Explanation,
    NotExplainable,
    not_additive,
)
from mlops_platform.serving.scoring.rounding import relative_difference


@dataclass(frozen=True, eq=False)
class Explainer:
    """Explains one of the numbers that a model says of a row.

    A sigmoid makes raw scores log-odds: it is affine in them.
    """

    _names: tuple[str, ...]
    _score: AdditiveScore
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
            model: as it was fitted, or its packed form.
            background: as of `additive_score`.
            number: position of the number that is explained among those that the model says.

        Raises:
            ServingError: there is no exact explanation.
        """
        parts = model if isinstance(model, PlainModel) else unpack(model, schema)
        head = parts.heads[number]
        link = head.link
        if isinstance(link, Exponential):
            whose = "its loss"
            if isinstance(head, Head):
                whose = f"the loss {head.estimator.loss} of {type(head.estimator).__name__}"
            raise NotExplainable(
                f"what adds up with {whose} is a logarithm; choose a loss such as `squared_error`."
            )
        if not isinstance(link, Sigmoid | Identity):
            raise NotExplainable(
                "nothing adds up to the steps of isotonic calibration, nor to log-odds of averaged "
                "probabilities; calibrate by sigmoid."
            )
        return cls(schema.names, additive_score(head, background), link)

    def explain(self, row: Row) -> Explanation:
        """Explain one row: log-odds of a probability, and any other number itself."""
        slope, terms = self._link.slope, self._score.terms(row)
        contributions = {name: slope * terms.get(name, 0.0) for name in self._names}
        base = self._link.explained(self._score.start)
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
                raise not_additive(error)
            largest = max(largest, error)
        return largest

    def explanations(self, row: Row, added: Sequence[float] = ()) -> tuple[Explanation, ...]:
        """The one; nothing is added to its number."""
        return (self.explain(row),)

    def prove(self, rows: Sequence[Row], numbers: Sequence[Sequence[float]]) -> float:
        """`verify` it against all numbers that the pipeline says of each row."""
        return self.verify(rows, [of_row[0] for of_row in numbers])
