"""From the written adjustments of a release to those that matured days bring."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date, datetime

from mlops_platform.ledger.records import Release, WrittenAdjustment
from mlops_platform.spec import ModelSpec
from mlops_platform.tasks import Adjustment, ScoredDay
from mlops_platform.usecases.release.held_out_scores import HeldOutScores
from mlops_platform.usecases.window.maturity import day_matures_at


@dataclass(frozen=True)
class Following:
    """How one release goes on.

    Args:
        written: its adjustments so far.
        matured: published days whose outcomes are all built, in order.
    """

    spec: ModelSpec
    release: Release
    held_out: HeldOutScores
    written: Sequence[WrittenAdjustment]
    matured: Sequence[date]

    @property
    def counted(self) -> list[date]:
        """Days that the written adjustments know and the version has not seen, in order.

        The first one may know several, each other one knows one more than the one before it.
        """
        if not self.written:
            return []
        begun_with = self.written[0].labels_through
        days = {adjustment.labels_through for adjustment in self.written}
        unseen = {day for day in self._unseen if day <= begun_with}
        return sorted(unseen | {day for day in days if day > self.held_out.seen_through})

    @property
    def new(self) -> list[date]:
        """Matured days after those that are known."""
        if not self.written:
            return self._unseen
        return [day for day in self._unseen if day > self.written[-1].labels_through]

    @property
    def passed_over(self) -> list[date]:
        """Matured days before the last known one that are not counted.

        They had no known outcome, or were built after a later one was counted.
        """
        return sorted(set(self._unseen) - {*self.counted, *self.new})

    @property
    def days_to_score(self) -> list[date]:
        """New days, and those before them that count; none where there is no new one."""
        return [*self.counted[-self.held_out.rule.window_days :], *self.new] if self.new else []

    def steps(self, scored: Sequence[ScoredDay]) -> Iterator[tuple[datetime, Adjustment]]:
        """New adjustments, each with the moment from which on it is valid, which never goes back.

        Args:
            scored: the days to score that have outcomes.
        """
        rule = self.held_out.rule
        if self.written:
            last = self.written[-1]
            adjustment: Adjustment = last
            valid_from = last.valid_from
            before = [day for day in scored if day.day <= last.labels_through]
            known = [*self.held_out.days, *before]
        else:
            valid_from = self.release.released_at
            before = [day for day in scored if day_matures_at(self.spec, day.day) <= valid_from]
            known = [*self.held_out.days, *before]
            adjustment = rule.begun(known)
            yield valid_from, adjustment
        for matured in scored[len(before) :]:
            adjustment = rule.after(adjustment, known, matured)
            known.append(matured)
            # A YAML that says that days mature sooner must not reach into what was valid before.
            valid_from = max(valid_from, day_matures_at(self.spec, matured.day))
            yield valid_from, adjustment

    @property
    def _unseen(self) -> list[date]:
        return [day for day in self.matured if day > self.held_out.seen_through]
