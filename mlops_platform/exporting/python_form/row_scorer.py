"""From a row to its answer; part of every exported program. It needs the standard library alone."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any, NamedTuple

from mlops_platform.exporting.python_form.row_checks import InvalidRow, RowChecks


class AnswerOf(NamedTuple):
    """How the numbers of a model become an answer, as its task has it."""

    usable: Callable[[Sequence[float], Mapping[str, Any]], bool]
    answer: Callable[[Sequence[float], Mapping[str, float], Mapping[str, Any]], dict[str, Any]]
    shown: Callable[[dict[str, Any], Mapping[str, Any]], Mapping[str, Any]]
    options: Mapping[str, Any]
    constants: Mapping[str, float]


class RowScorer:
    """One version, ready to score.

    Args:
        origin: what every answer names as its source.
        entity: name of the key, echoed in answers.
        model: has `numbers(row)`.
    """

    def __init__(
        self,
        origin: Mapping[str, Any],
        entity: str,
        checks: RowChecks,
        model: Any,
        answer: AnswerOf,
    ) -> None:
        self.origin, self._entity = origin, entity
        self._checks, self._model, self._answer = checks, model, answer

    def score(self, row: Mapping[str, Any]) -> dict[str, Any]:
        """The answer for one row, as the service gives it.

        Raises:
            InvalidRow: it is none that can be scored.
        """
        checked = self._checks.checked(row)
        usable, answer, shown, options, constants = self._answer
        try:
            numbers = self._model.numbers(checked)
            if not usable(numbers, options):
                raise ValueError(f"the model says {tuple(numbers)}")
            answered = answer(numbers, constants, options)
        except (ArithmeticError, ValueError) as error:
            raise InvalidRow(f"{self.origin['model']} cannot score these values: {error}") from None
        return {
            "entity": row.get(self._entity),
            **shown(answered, options),
            "warnings": self._checks.warnings(checked),
            **self.origin,
        }

    def numbers(self, row: Mapping[str, Any]) -> tuple[float, ...]:
        """What the model says of one row, before anything is decided by it."""
        numbers: tuple[float, ...] = self._model.numbers(self._checks.checked(row))
        return numbers
