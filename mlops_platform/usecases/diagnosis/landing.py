"""What is wrong with what has landed, and with the builds that should have followed it."""

import shlex
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from pathlib import Path
from typing import Final

from mlops_platform.clock import moment_text
from mlops_platform.data.features.builds import Builds, StaleDays, build_job
from mlops_platform.data.features.seen import News
from mlops_platform.data.features.stretches import told_days
from mlops_platform.usecases.diagnosis.fault import Fault

PATIENCE: Final = timedelta(days=1)
"""A daily schedule builds stale days again."""


@dataclass(frozen=True)
class LandingFacts:
    """What was found of the landing.

    Args:
        stale: what builds have noticed and not built again.
        vanished: deliveries that a build has seen and that are gone, by whether their days are
            gone with them.
        damaged: what is wrong with landed days, by their folders.
        foreign: files that are no delivery yet, by table.
        unread_builds: builds of which nobody knows what they covered, as what is kept of them
            cannot be read.
    """

    root: Path
    stale: Sequence[StaleDays] = ()
    vanished: Mapping[News, bool] = field(default_factory=dict)
    damaged: Mapping[Path, str] = field(default_factory=dict)
    foreign: Mapping[str, int] = field(default_factory=dict)
    unread_builds: Sequence[Builds] = ()


def faults_of_landing(facts: LandingFacts, now: datetime) -> Iterator[Fault]:
    """Deliveries that are gone, days that are damaged or stale, files that nobody has taken."""
    for happened, whole_day in facts.vanished.items():
        yield _vanished(facts, happened, whole_day)
    for folder, problem in facts.damaged.items():
        yield damaged_day(folder, problem)
    yield from _of_stale(facts.stale, now)
    for table, count in facts.foreign.items():
        yield Fault(
            severity="information",
            what=f"{count} {'files are' if count > 1 else 'file is'} no delivery yet",
            where=f"landing, {table}",
            cure="none; the next build takes what was put into a day as a delivery",
        )


def faults_of_builds(unread: Sequence[Builds], launch: Callable[[str], str]) -> Iterator[Fault]:
    """Builds of which nobody knows what they covered.

    Args:
        launch: the command that runs a job.
    """
    for builds in unread:
        yield Fault(
            severity="error",
            what="what was kept of builds cannot be read, so that nobody knows what was built",
            where=str(builds.file),
            cure=f"rm {shlex.quote(str(builds.file))} && "
            f"{launch(f'--job {build_job(builds.store)}')}   # builds all days again",
        )


def damaged_day(folder: Path, problem: str) -> Fault:
    """That a landed day is not what its deliveries say that it is."""
    day, table = folder.name.partition("=")[2], folder.parent.name
    return Fault(
        severity="error",
        what=f"cannot be verified: {problem}",
        where=f"landing, {table} of {day}",
        cure=f"rm -r {shlex.quote(str(folder))} && mlops land {table} --from {day} --to {day}"
        "   # or restore it from a backup",
    )


def _vanished(facts: LandingFacts, happened: News, whole_day: bool) -> Fault:
    folder = facts.root / happened.table / f"day={happened.day}"
    gone = folder if whole_day else folder / happened.delivery
    return Fault(
        severity="error",
        what="has landed and was seen by a build, and is gone"
        if whole_day
        else f"a delivery that a build has seen is gone: {happened.delivery}",
        where=f"landing, {happened.table} of {happened.day}",
        cure=f"mlops rebuild   # lets it go; or first restore {gone} from a backup",
    )


def _of_stale(stale: Sequence[StaleDays], now: datetime) -> Iterator[Fault]:
    old = [noticed for noticed in stale if now - noticed.noticed_at > PATIENCE]
    if not old:
        return
    days: set[date] = {day for noticed in old for day in noticed.days}
    first, *others = sorted(old, key=lambda noticed: noticed.noticed_at)
    more = f" and {len(others)} more deliveries" if others else ""
    yield Fault(
        severity="warning",
        what=f"{len(days)} days are to be built again since "
        f"{moment_text(first.noticed_at)}: {told_days(days)}",
        where=f"features, by {first.table} of {first.day}{more}",
        cure="mlops rebuild   # or mlops up, with its automation switched on",
    )
