"""What the published tables came from at a moment, so that they can be built again."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date, datetime
from pathlib import Path

from pydantic import Field

from mlops_platform.data.features.builds import Builds, BuildState
from mlops_platform.data.features.kept_projects import BuiltWith, KeptProjects
from mlops_platform.data.features.seen import News
from mlops_platform.record import Record, left_out_where_empty


class UnbuiltDelivery(Record):
    """A delivery that had arrived, but that no build had taken up to the end.

    Args:
        delivery: name of its folder.
    """

    table: str
    day: date
    delivery: str


class FactsOrigin(Record):
    """What the facts of a snapshot can be built from again.

    Args:
        recorded_at: when the published tables were read, by the machine's clock (before format 6 of
            the home by that of the replay, where there was one).
        built_with: what the last build before that ran with; None where it did not say so.
        unbuilt: what had arrived by then and is not in the tables.
    """

    recorded_at: datetime
    built_with: BuiltWith | None
    unbuilt: tuple[UnbuiltDelivery, ...] = Field(default=(), exclude_if=left_out_where_empty)


def origin_of_published(lake: Path, builds: Builds | None, now: datetime) -> FactsOrigin:
    """What the tables come from that are published now.

    Args:
        builds: that have made them; None where nothing is kept of any.

    Raises:
        DataError: what builds keep was damaged.
    """
    state = builds.read() if builds else None
    waiting = {
        (happened.table, happened.day, happened.delivery)
        for happened in ((*_not_built(state), *builds.news()) if builds and state else ())
        # A file that was altered, or is gone, cannot be built as it was.
        if happened.happened == "arrived"
    }
    return FactsOrigin(
        recorded_at=now,
        built_with=_built_with(lake, state),
        unbuilt=tuple(
            UnbuiltDelivery(table=table, day=day, delivery=delivery)
            for table, day, delivery in sorted(waiting)
        ),
    )


def _built_with(lake: Path, state: BuildState | None) -> BuiltWith | None:
    """Of the store; the last build of all where its days were not built alike."""
    if state is not None and state.built_with is not None:
        return state.built_with.of_project
    return KeptProjects(lake).last_build()


def _not_built(state: BuildState) -> Iterator[News]:
    """What builds have noticed: of built days, and of those after the last one."""
    yield from (noticed.is_of for noticed in state.stale if noticed.days)
    if state.built:
        for table, days in state.seen.items():
            for day, seen in days.items():
                if day > state.built[-1]:
                    yield from (News(table, day, name, "arrived") for name in seen.deliveries)
