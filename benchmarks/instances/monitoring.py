"""What the monitoring of every instance with time says of calm windows, real ones and faults."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace
from datetime import date
from itertools import count, islice
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np
import pyarrow as pa

from benchmarks.instances.champion import champion_of
from benchmarks.instances.faults import Fault, eligible
from benchmarks.instances.homes import Instance
from benchmarks.instances.windows import Watch, end_of, windows_after
from benchmarks.instances.worlds import (
    Places,
    calm_days,
    common_days,
    permuted,
    permuted_after,
    write_world,
)
from benchmarks.report import markdown_table, say
from mlops_platform.data.features.features import feature_batches
from mlops_platform.data.windows import Window
from mlops_platform.files import write_json
from mlops_platform.monitoring.alarms.performance_alarms import CHANGE_POINT
from mlops_platform.spec import ModelSpec

PERMUTED_WINDOWS = 500
FAULTY_WINDOWS = 3
"""Of the first permuted world: each fault is put into each of them."""
WORLDS_OF_A_CHAMPION = 2
SEEN_IN = 2
"""Of these a fault is found in at least so many, or it counts as missed."""


@dataclass
class Alarms:
    """Which checks failed, over some windows."""

    windows: int = 0
    with_any: int = 0
    by_check: Counter[str] = field(default_factory=Counter)

    def add(self, failed: Sequence[str]) -> None:
        """Count one window."""
        self.windows += 1
        self.with_any += bool(failed)
        self.by_check.update(failed)

    def text(self) -> str:
        """Windows with any alarm, and their share."""
        return f"{self.with_any} of {self.windows} ({self.with_any / self.windows:.1%})"

    def checks_text(self) -> str:
        """Failed checks, most frequent first."""
        return ", ".join(f"{check} {times}" for check, times in self.by_check.most_common()) or "-"


@dataclass
class Found:
    """Faults that were put in, by what came of them.

    Attributes:
        hidden: not found, and no further than windows of the reference go by themselves.
        missed: not found although they are.
    """

    found: list[Fault] = field(default_factory=list)
    hidden: list[Fault] = field(default_factory=list)
    missed: list[Fault] = field(default_factory=list)


def measure_monitoring(instances: Sequence[Instance], windows: int) -> str:
    """Tables of false alarms and of faults, one line per instance."""
    timed = [instance for instance in instances if instance.spec.features.has_event_time]
    lines = [_monitored(instance, windows) for instance in timed]
    calm_header = ["instance", "permuted windows", "failed checks"]
    real_header = ["real weeks in a row", "failed checks"]
    fault_header = ["instance", "faults", "found of those that can be seen", "missed", "hidden"]
    return "\n\n".join(
        (
            markdown_table([*calm_header, *real_header], [calm for calm, _ in lines]),
            markdown_table(fault_header, [faults for _, faults in lines]),
        )
    )


def _monitored(instance: Instance, windows: int) -> tuple[list[str], list[str]]:
    """A line of each table; an hour's work, so that it is kept in the instance's home."""
    kept = instance.place.home / f"monitored_{windows}.json"
    if not kept.is_file():
        write_json(kept, _monitor(instance, windows))
    alarms, faults = json.loads(kept.read_bytes())
    return alarms, faults


def _monitor(instance: Instance, windows: int) -> tuple[list[str], list[str]]:
    name, days = instance.spec.name, common_days(instance.published, instance.spec)
    calm, found = _permuted_windows(instance, calm_days(days), windows)
    real = Alarms()
    with TemporaryDirectory() as folder:
        watch, watched = _watch(instance, Path(folder), dict(zip(days, days, strict=True)))
        for window in watched:
            real.add(_failed(watch, window))
    alarms = [name, calm.text(), calm.checks_text(), real.text(), real.checks_text()]
    return alarms, [name, *_fault_texts(found)]


def _permuted_windows(instance: Instance, days: list[date], wanted: int) -> tuple[Alarms, Found]:
    """As many worlds as it takes; after some of them another champion is trained."""
    alarms, found, spec = Alarms(), Found(), instance.spec
    for seed in count():
        places = permuted(days, seed)
        with TemporaryDirectory() as folder:
            watch, windows = _watch(instance, Path(folder), places)
            if not seed:
                found = _faults(watch, list(islice(windows, FAULTY_WINDOWS)))
            for again in range(WORLDS_OF_A_CHAMPION):
                later = permuted_after(places, days[len(days) // 2], again)
                with TemporaryDirectory() as other:
                    world = write_world(instance.published, Path(other), spec, later)
                    watch_again = Watch(spec, world, watch.watched)
                    for window in islice(_windows(spec, days), wanted - alarms.windows):
                        alarms.add(_failed(watch_again, window))
                say(f"{spec.name}: {alarms.text()}, {alarms.checks_text()}")
                if alarms.windows >= wanted:
                    return alarms, found
    raise AssertionError("there is always another seed")


def _watch(instance: Instance, folder: Path, places: Places) -> tuple[Watch, Iterator[Window]]:
    """A world whose champion knows the first half of its days, and the windows after that."""
    spec, days = instance.spec, sorted(places)
    world = write_world(instance.published, folder, spec, places)
    as_of = end_of(days[len(days) // 2], spec.window.timezone)
    watched = champion_of(spec, world, instance.recipe, as_of)
    return Watch(spec, world, watched), _windows(spec, days)


def _windows(spec: ModelSpec, days: list[date]) -> Iterator[Window]:
    return windows_after(spec, days, days[len(days) // 2 + 1])


def _failed(watch: Watch, window: Window) -> list[str]:
    """Checks that fail; a change stands until another release serves, and is new only once."""
    told = {
        change.found for each in watch.past.measured.values() if (change := each.change) is not None
    }
    failed = [alarm.check for alarm in watch.alarms_of(window) if not alarm.passed]
    change = watch.past.measured[window.name].change
    is_standing = change is not None and change.found in told
    return [check for check in failed if not (is_standing and check == CHANGE_POINT)]


def _faults(watch: Watch, windows: Sequence[Window]) -> Found:
    random, found = np.random.default_rng(0), Found()
    counted = [(watch.count(window), _columns(watch, window)) for window in windows]
    for fault in eligible(watch.spec, watch.watched.profile):
        named, visible = 0, 0
        for rows, columns in counted:
            faulty = fault.counted(watch.watched.profile, columns.column(fault.column), random)
            changed = replace(rows, counted={**rows.counted, **faulty})
            named += watch.finds(changed, fault.column)
            visible += watch.can_be_seen(changed, fault.column)
        if named >= SEEN_IN:
            found.found.append(fault)
        else:
            (found.missed if visible >= SEEN_IN else found.hidden).append(fault)
    return found


def _columns(watch: Watch, window: Window) -> pa.Table:
    batches = feature_batches(watch.spec, watch.world.published, window.days)
    return pa.Table.from_batches(list(batches))


def _fault_texts(found: Found) -> list[str]:
    named, missed, hidden = len(found.found), len(found.missed), len(found.hidden)
    visible = f"{named} of {named + missed} ({named / (named + missed):.1%})"
    return [str(named + missed + hidden), visible, _named(found.missed), _named(found.hidden)]


def _named(faults: Sequence[Fault]) -> str:
    return ", ".join(f"{fault.column} ({fault.kind})" for fault in faults) or "-"
