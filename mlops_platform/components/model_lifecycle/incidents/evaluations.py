"""Evaluations of asset checks in Dagster's event log, as observations."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from functools import cache, cached_property, partial
from typing import TYPE_CHECKING, Any, Final

import dagster as dg

from mlops_platform.components.model_lifecycle.window.alarm_checks import CONCLUSIVE, WINDOW
from mlops_platform.monitoring.alerting.observation import Observation

if TYPE_CHECKING:
    from mlops_platform.spec import AlertSeverity

PARTITION_TAG: Final = "dagster/partition"
MOST_EVALUATIONS: Final = 200
"""Latest evaluations of one check that one tick looks at."""
MOST_CHARACTERS: Final = 500
REASONS: Final = ("reason", "found", "reasons")
"""Metadata in which our checks say what they have found."""


@dataclass(frozen=True, eq=False)
class Evaluation:
    """One evaluation of a check.

    Args:
        partition_of: the partition of a run; one run has evaluated many checks.
    """

    partition_of: Callable[[str], str | None]
    check: dg.AssetCheckEvaluation
    evaluated_at: datetime
    run_id: str | None
    _observations: dict[tuple[str, AlertSeverity | None], Observation] = field(
        default_factory=dict, init=False
    )

    @property
    def is_conclusive(self) -> bool:
        """Whether the check could be judged."""
        conclusive = self.check.metadata.get(CONCLUSIVE)
        return conclusive is None or bool(conclusive.value)

    def observation(self, check: str, severity: AlertSeverity | None) -> Observation:
        """What it tells a model; all to which it tells the same get the same one.

        Args:
            check: its name for the model.
            severity: what the model makes of it.
        """
        key = check, severity
        if key not in self._observations:
            self._observations[key] = self._observation(check, severity)
        return self._observations[key]

    def _observation(self, check: str, severity: AlertSeverity | None) -> Observation:
        facts, passed = dict(_plain(self.check.metadata)), self.check.passed
        reason = next((str(facts[name]) for name in REASONS if facts.get(name)), None)
        noted = {name: fact for name, fact in facts.items() if name not in (CONCLUSIVE, *REASONS)}
        return Observation(
            check=check,
            severity=severity,
            seen_at=self.evaluated_at,
            window=facts.get(WINDOW) or self._partition,
            run_id=self.run_id,
            summary=reason or self.check.description or ("passed" if passed else "failed"),
            facts=noted,
        )

    @property
    def _partition(self) -> str | None:
        return self.partition_of(self.run_id) if self.run_id else None


class Evaluations:
    """The evaluations of some checks, each read once however many models ask for it."""

    def __init__(self, instance: dg.DagsterInstance, keys: Sequence[dg.AssetCheckKey]) -> None:
        self._instance, self._keys = instance, keys
        self._partition_of = cache(partial(_partition_of, instance))
        self._histories: dict[dg.AssetCheckKey, Sequence[Evaluation]] = {}

    def after(self, moment: datetime | None) -> Iterator[Evaluation]:
        """What was evaluated after a moment; the latest of each check where that is None."""
        for key, newest in self.newest.items():
            if newest is not None and moment is None:
                yield newest
            elif newest is None or moment is None or newest.evaluated_at > moment:
                # A planned record hides others, and one evaluation does not tell of those before.
                yield from _after(self._history(key), moment)

    @cached_property
    def newest(self) -> Mapping[dg.AssetCheckKey, Evaluation | None]:
        """Of each check that has a record; None where that was only planned."""
        storage = self._instance.event_log_storage
        newest = storage.get_latest_asset_check_execution_by_key(self._keys)
        return {key: self._evaluation(record) for key, record in newest.items()}

    def _history(self, key: dg.AssetCheckKey) -> Sequence[Evaluation]:
        if key not in self._histories:
            storage = self._instance.event_log_storage
            records = storage.get_asset_check_execution_history(key, limit=MOST_EVALUATIONS)
            evaluations = (self._evaluation(record) for record in records)
            self._histories[key] = [found for found in evaluations if found is not None]
        return self._histories[key]

    def _evaluation(self, record: Any) -> Evaluation | None:
        """None where a run has ended before it came to the check, which it leaves planned."""
        if record.event is None or not isinstance(record.evaluation, dg.AssetCheckEvaluation):
            return None
        evaluated_at = datetime.fromtimestamp(record.event.timestamp, UTC)
        return Evaluation(
            self._partition_of, record.evaluation, evaluated_at, record.run_id or None
        )


def _partition_of(instance: dg.DagsterInstance, run_id: str) -> str | None:
    run = instance.get_run_by_id(run_id)
    return run.tags.get(PARTITION_TAG) if run else None


def _after(newest_first: Sequence[Evaluation], moment: datetime | None) -> Sequence[Evaluation]:
    if moment is None:
        return newest_first[:1]
    return [evaluation for evaluation in newest_first if evaluation.evaluated_at > moment]


def _plain(metadata: Mapping[str, dg.MetadataValue[Any]]) -> Iterator[tuple[str, Any]]:
    """Texts and numbers; pictures and tables stay on the page of the asset."""
    for name, entry in metadata.items():
        value = entry.value
        if isinstance(value, float) and not math.isfinite(value):
            yield name, str(value)
        elif isinstance(value, bool | int | float):
            yield name, value
        elif isinstance(value, str):
            yield name, value[:MOST_CHARACTERS]
