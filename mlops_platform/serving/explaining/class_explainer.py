"""Why the probabilities of several classes are what they are, class by class."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from math import inf, log
from typing import Any

from mlops_platform.serving.explaining.additive_score import AdditiveScore, additive_score
from mlops_platform.serving.frames import Row
from mlops_platform.serving.schema import FeatureSchema
from mlops_platform.serving.scoring.compiled.links import Sigmoid, Softmax
from mlops_platform.serving.scoring.compiled.plain_model import PlainHead, PlainModel
from mlops_platform.serving.scoring.compiled.unpacked import Head, unpack_classes
from mlops_platform.serving.scoring.explanation import (
    TOLERANCE,
    Explanation,
    NotExplainable,
    not_additive,
)
from mlops_platform.serving.scoring.rounding import relative_difference


@dataclass(frozen=True, eq=False)
class ClassScore:
    """The score of one class: `slope * raw + offset`, as far as it is no other classes'."""

    raw: AdditiveScore
    slope: float
    offset: float = 0.0

    @property
    def base(self) -> float:
        """Before any feature."""
        return self.slope * self.raw.start + self.offset

    def terms(self, row: Row) -> dict[str, float]:
        """What each feature adds."""
        return {name: self.slope * value for name, value in self.raw.terms(row).items()}


@dataclass(frozen=True, eq=False)
class ClassExplainer:
    """Explains the probability of every class that a model knows.

    Explained is the logarithm of the probability less the mean of those of all these classes: a
    softmax leaves open what is added to all scores alike, and so does this (the centred log-ratio:
    Aitchison 1982, "The statistical analysis of compositional data"). Raw scores by class, less
    their mean, are just that, and each is a sum over features.
    """

    _names: tuple[str, ...]
    _scores: tuple[ClassScore, ...]

    @classmethod
    def of(
        cls, model: Any, schema: FeatureSchema, background: Sequence[Row] = ()
    ) -> ClassExplainer:
        """Prepare a model to be explained.

        Args:
            model: as it was fitted, or its packed form.
            background: as of `additive_score`.

        Raises:
            ServingError: there is no exact explanation.
        """
        parts = model if isinstance(model, PlainModel) else unpack_classes(model, schema)
        if len(parts.heads) == 1:
            return cls(schema.names, _of_two(parts.heads[0], background))
        if not isinstance(parts.joint, Softmax):
            raise NotExplainable(
                "each class has a calibrator of its own, and nothing adds up to what makes them "
                "add up to 1; calibrate by `temperature` or `bias_corrected_temperature`."
            )
        if not parts.joint.is_margin:
            head = parts.heads[0]
            whose = type(head.estimator).__name__ if isinstance(head, Head) else "its trees"
            raise NotExplainable(
                f"nothing adds up to logarithms of the averaged probabilities of {whose}."
            )
        slope = parts.joint.factor
        scores = (ClassScore(additive_score(head, background), slope) for head in parts.heads)
        return cls(schema.names, tuple(scores))

    def explanations(self, row: Row, added: Sequence[float] = ()) -> tuple[Explanation, ...]:
        """One for each class that the model knows, in their order."""
        scores, names = self._scores, self._names
        bases = _centred(
            [score.base + more for score, more in zip(scores, added, strict=True)]
            if added
            else [score.base for score in scores]
        )
        terms = [score.terms(row) for score in scores]
        by_feature = [_centred([of_class.get(name, 0.0) for of_class in terms]) for name in names]
        contributions = [
            dict(zip(names, own, strict=True)) for own in zip(*by_feature, strict=True)
        ]
        totals = [base + sum(own.values()) for base, own in zip(bases, contributions, strict=True)]
        numbers = Softmax(1.0, is_margin=True).numbers(totals)
        return tuple(map(Explanation, bases, contributions, totals, numbers))

    def prove(self, rows: Sequence[Row], numbers: Sequence[Sequence[float]]) -> float:
        """As `Explains` has it."""
        largest = 0.0
        for row, stated in zip(rows, numbers, strict=True):
            error = _error(self.explanations(row), stated)
            if not error <= TOLERANCE:
                raise not_additive(error)
            largest = max(largest, error)
        return largest


def _of_two(head: Head | PlainHead, background: Sequence[Row]) -> tuple[ClassScore, ...]:
    """Of two classes with one score, half of the log-odds each."""
    if not isinstance(head.link, Sigmoid):
        raise NotExplainable(
            "nothing adds up to the steps of isotonic calibration, nor to log-odds of averaged "
            "probabilities; calibrate by sigmoid."
        )
    raw, slope, offset = additive_score(head, background), head.link.slope, head.link.offset
    return tuple(ClassScore(raw, sign * slope / 2, sign * offset / 2) for sign in (-1, 1))


def _error(explained: Sequence[Explanation], stated: Sequence[float]) -> float:
    """The largest of all classes, of probabilities and on the scale of the explanations.

    A probability of 0 is one that is too small to be told, and so has no logarithm to compare.
    """
    errors = [
        relative_difference(number, explanation.number)
        for explanation, number in zip(explained, stated, strict=True)
    ]
    if not all(0 < number < inf for number in stated):
        return max(errors)
    logarithms = _centred([log(number) for number in stated])
    errors += [
        relative_difference(logarithm, explanation.total)
        for explanation, logarithm in zip(explained, logarithms, strict=True)
    ]
    return max(errors)


def _centred(values: Sequence[float]) -> list[float]:
    mean = sum(values) / len(values)
    return [value - mean for value in values]
