"""How much a training holds out and searches, by how many rows and days there are."""

from __future__ import annotations

from collections.abc import Mapping
from math import ceil
from typing import Any, Final

from mlops_platform.tasks.proposals.candidates import CANDIDATES
from mlops_platform.tasks.starting import has_classes
from mlops_platform.usecases.scaffold.choices import Choices
from mlops_platform.usecases.scaffold.files.days import days_with_rows

MANY_ROWS: Final = 500_000
SEARCHED_ROWS: Final = 40_000
TRIALS: Final = 6
FOLDS: Final = 3
HELD_OUT_SHARE: Final = 0.15
MOST_HELD_OUT: Final = 28
FEWEST_JUDGED_DAYS: Final = 5
ENOUGH_EVENTS: Final = 100
"""Rows of the rarest outcome that a test should have: what is counted on them is known to 10 %."""
MOST_TEST_SHARE: Final = 0.3
DAYS_OF_FOLDS: Final = 8
SHARE: Final = 0.2
MOST_SHARE: Final = 0.4
SEED: Final = 42


class TrainingSize:
    """The sizes that follow from the choices."""

    def __init__(self, choices: Choices) -> None:
        self._choices = choices
        self._days = days_with_rows(choices)
        self._by_time = choices.event_time is not None

    def training(self, sections: Mapping[str, Any]) -> dict[str, Any]:
        """The section `training`.

        Args:
            sections: what the task starts with; its candidates come last.
        """
        rows = self._choices.rows
        section: dict[str, Any] = {"history": {"split": self._split()}}
        if rows > MANY_ROWS:
            section["max_rows"] = MANY_ROWS
        tuning: dict[str, Any] = {"trials": TRIALS, "folds": self._folds()}
        if rows > SEARCHED_ROWS:
            tuning["max_rows"] = self._searched_rows()
        return {
            **section,
            "tuning": tuning | {"seed": SEED},
            "candidates": sections[CANDIDATES],
        }

    def improvement(self) -> dict[str, Any]:
        """What the gate asks of a comparison, where its test is short."""
        judged = self._test_days()
        if not self._by_time or judged >= FEWEST_JUDGED_DAYS:
            return {}
        return {"improvement": {"min_days": judged}}

    def reasons(self) -> dict[str, str]:
        """Why these sizes, by the path that each explains."""
        rows = self._choices.rows
        by_time = (
            f"The latest of {self._days} days judge, the days before them calibrate: nothing is "
            "judged on days that a model has seen, or that came before."
        )
        by_share = "Without event time rows are dealt out by the hash of their entity."
        return {
            "training.history.split": by_time if self._by_time else by_share,
            "training.max_rows": (
                f"Of {rows:,} rows so many are fitted on: more cost time and hardly change a model."
            ),
            "training.tuning": "A small search, by cross-validation on the training days."
            if self._by_time
            else "A small search, by cross-validation on the training rows.",
            "gate.improvement": f"There are {self._test_days()} days to compare versions on.",
        }

    def _split(self) -> dict[str, Any]:
        if not self._by_time:
            by = "stratified" if has_classes(self._choices.task) else "random"
            test = self._test_share()
            return {"by": by, "validation_share": SHARE, "test_share": test, "seed": SEED}
        return {"validation_days": self._validation_days(), "test_days": self._test_days()}

    def _held_out(self) -> int:
        return max(1, min(MOST_HELD_OUT, round(HELD_OUT_SHARE * self._days)))

    def _validation_days(self) -> int:
        """More where several classes have to be calibrated, and few rows are of a day."""
        facts, days = self._choices.label_facts, self._held_out()
        if facts is None or len(facts.value_rows) <= 2:
            return days
        return max(days, min(self._test_days(), int(HELD_OUT_SHARE * self._days)))

    def _test_days(self) -> int:
        """Enough for a verdict: longer where the event is rare."""
        events, days = self._events(), self._held_out()
        if not events:
            return days
        needed = ceil(ENOUGH_EVENTS * self._days / events)
        return max(days, min(needed, int(MOST_TEST_SHARE * self._days)))

    def _test_share(self) -> float:
        events = self._events()
        if not events:
            return SHARE
        return max(SHARE, min(MOST_SHARE, round(ENOUGH_EVENTS / events, 2)))

    def _events(self) -> int:
        """Rows of the rarer one of two outcomes, or beside the most frequent of several."""
        facts = self._choices.label_facts
        if facts is None:
            return 0
        return facts.positives or sum(facts.value_rows[:-1])

    def _folds(self) -> int:
        """Each fold has days of its own, and one more comes before the first."""
        if not self._by_time:
            return FOLDS
        trained = self._days - self._validation_days() - self._test_days()
        return FOLDS if trained > FOLDS + 1 else 2

    def _searched_rows(self) -> int:
        """The latest rows: so many that they are of days enough for the folds."""
        if not self._by_time:
            return SEARCHED_ROWS
        of_day = min(self._choices.rows, MANY_ROWS) / self._days
        return max(SEARCHED_ROWS, ceil(DAYS_OF_FOLDS * of_day / 1000) * 1000)
