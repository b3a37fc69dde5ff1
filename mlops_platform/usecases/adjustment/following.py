"""From the written adjustments of a release to those that matured days bring."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import date, datetime
from typing import Final

from mlops_platform.ledger.records import Release, WrittenAdjustment
from mlops_platform.spec import ModelSpec
from mlops_platform.tasks import AdaptationRule, Adjustment, ScoredDay
from mlops_platform.usecases.window.maturity import day_matures_at

_DAYS_READ_PER_DAY: Final = 2
"""Of the rule's window: in place of days of which no outcome is known, of which there may be many
where a business rests at weekends."""


class Following:
    """How one release goes on.

    Args:
        held_out: scored days that the version had not seen when it was judged.
    """

    def __init__(
        self,
        spec: ModelSpec,
        rule: AdaptationRule,
        release: Release,
        held_out: Sequence[ScoredDay],
        written: Sequence[WrittenAdjustment],
    ) -> None:
        self._spec, self._rule, self._release = spec, rule, release
        self._held_out = list(held_out)
        self._last = written[-1] if written else None

    def days_to_score(self, matured: Sequence[date]) -> list[date]:
        """New days, and those before them that still count; none where there is no new one."""
        if self._last is None:
            return list(matured)
        new = [day for day in matured if day > self._last.labels_through]
        known = [day for day in matured if day <= self._last.labels_through]
        counted = _DAYS_READ_PER_DAY * self._rule.window_days
        return [*known[-counted:], *new] if new else []

    def steps(self, scored: Sequence[ScoredDay]) -> Iterator[tuple[datetime, Adjustment]]:
        """New adjustments, each with the moment from which on it is valid."""
        adjustment: Adjustment
        if self._last is None:
            begun_at = self._release.released_at
            before = [s for s in scored if day_matures_at(self._spec, s.day) <= begun_at]
            known = [*self._held_out, *before]
            adjustment = self._rule.begun(known)
            yield begun_at, adjustment
        else:
            adjustment = self._last
            before = [s for s in scored if s.day <= self._last.labels_through]
            known = [*self._held_out, *before]
        for matured in scored[len(before) :]:
            adjustment = self._rule.after(adjustment, known, matured)
            known.append(matured)
            yield day_matures_at(self._spec, matured.day), adjustment
