"""Adaptation: constants of a released version that follow the outcomes of matured days."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Iterable, Sequence
from datetime import date
from typing import TYPE_CHECKING, Final, NamedTuple

from pydantic import Field, FiniteFloat

from mlops_platform.record import Record

if TYPE_CHECKING:
    from mlops_platform.tasks.finished import Constants
    from mlops_platform.tasks.predictions import Numbers, Targets


STALE_AFTER_DAYS: Final = 7


class ScoredDay(NamedTuple):
    """A local day with a score for each of its rows that have an outcome, shape (rows,)."""

    day: date
    scores: Numbers


class Adjustment(Record):
    """Constants that take the place of a version's own.

    Args:
        constants: by name; those that are not among them stay as they are.
        facts: what they rest on, and what the next adjustment follows from.
        labels_through: latest day whose outcomes it knows.
    """

    constants: dict[str, FiniteFloat]
    facts: dict[str, FiniteFloat]
    labels_through: date


class AdaptationRule(Record, ABC):
    """How constants follow; like its task it knows no model, clock or ledger.

    Nothing but the arguments decides: whoever follows the same days gets the same adjustments.

    Args:
        window_days: latest days with outcomes whose scores count.
        stale_after_days: matured days that an adjustment in use may lack before that is told.
    """

    window_days: int = Field(ge=1)
    stale_after_days: int = Field(default=STALE_AFTER_DAYS, ge=1)

    @abstractmethod
    def scores(self, targets: Targets, numbers: Numbers, constants: Constants) -> Numbers:
        """What an adjustment is made of, shape (rows,).

        Args:
            numbers: what a model says that has not seen these rows, shape (rows, numbers).
            constants: of that model.
        """

    @abstractmethod
    def begun(self, held_out: Iterable[ScoredDay]) -> Adjustment:
        """What days let begin with that the model has not seen, the oldest first.

        Raises:
            DataError: none holds an outcome, or they are not in order.
        """

    @abstractmethod
    def after(
        self, before: Adjustment, window: Sequence[ScoredDay], matured: ScoredDay
    ) -> Adjustment:
        """The adjustment that follows once all outcomes of another day are known.

        A day of which only some are known must wait: which ones are known first is no accident (a
        flight that is hours late is the last to land). One without outcomes changes nothing.

        Args:
            window: days that `before` knows, the oldest first; older ones than count do no harm.

        Raises:
            DataError: the day is not later than those.
        """

    @abstractmethod
    def text(self, adjustment: Adjustment) -> str:
        """An adjustment as a clause for a person."""
