"""Which windows of a model's past are replayed, and the moment at which its replay begins."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from pathlib import Path
from typing import Final, Self

from mlops_platform.components.model_lifecycle.lifecycle_model import LifecycleModel
from mlops_platform.data.windows import Window, window_named
from mlops_platform.driving.driver import JobDriver
from mlops_platform.driving.missing import landable_days, last_landed_day
from mlops_platform.errors import DataError, MlopsError
from mlops_platform.files import write_text
from mlops_platform.record import Record
from mlops_platform.settings import Settings
from mlops_platform.spec import ModelSpec, SplitSpec

FITTED_PER_HELD_OUT: Final = 2
"""Days to be fitted on, for each that validates or tests, before a first champion is trained."""


class KeptPlan(Record):
    """What a replay was begun with.

    Args:
        first: day at whose midnight its first champion is trained.
        last: last day of its last window.
    """

    first: date
    last: date


@dataclass(frozen=True)
class Past:
    """Days of which a model's tables have facts.

    Args:
        first, last: of the days that may land.
        last_landed: of those that have; None where none has.
    """

    first: date
    last: date
    last_landed: date | None

    @classmethod
    def of(cls, driver: JobDriver, model: LifecycleModel, place: Settings, now: datetime) -> Self:
        """The past of a declared model.

        Raises:
            MlopsError: no day of its tables has ended.
        """
        days = landable_days(driver, model, now)
        if not days:
            raise MlopsError(
                f"{model.name}: no day has ended that all of its landed tables have. Look at the "
                "`partitions` of its landings."
            )
        return cls(days[0], days[-1], last_landed_day(driver, model, place, now))


def kept_plan(folder: Path) -> KeptPlan | None:
    """What the replay in a folder was begun with; None where there is none."""
    file = folder / "plan.json"
    return KeptPlan.from_stored(file.read_bytes()) if file.is_file() else None


def keep_plan(folder: Path, windows: Sequence[Window]) -> None:
    """Write what a replay is begun with, or gone on with."""
    plan = KeptPlan(first=windows[0].start, last=windows[-1].last_day)
    write_text(folder / "plan.json", plan.to_stored())


def planned_windows(
    spec: ModelSpec, past: Past, kept: KeptPlan | None, first: date | None, last: date | None
) -> list[Window]:
    """Windows of a replay, oldest first; there is one at least.

    Args:
        kept: of a replay that was begun before; it goes on from where it began.
        first: day on which the first window starts; after enough history for a split where None.
        last: windows that end later are left out; the last landed one ends them where None.

    Raises:
        MlopsError: rows have no event time, no window starts then or ends by then, or the replay
            began on another day.
    """
    if not spec.features.has_event_time:
        raise MlopsError(
            f"{spec.name} has no event time: which rows were there at a moment of the past is not "
            "known, so that it cannot be replayed."
        )
    if kept is not None:
        if first not in (None, kept.first):
            raise MlopsError(
                f"a replay of {spec.name} from {kept.first} is in this home, and it goes on from "
                f"there. Leave out --from, or replay from {first} in a home of its own: "
                "MLOPS_HOME=/another/folder."
            )
        first, last = kept.first, last or kept.last
    start = _checked_start(spec, past, first) if first else _first_start(spec, past)
    end = min(last or past.last_landed or past.last, past.last)
    windows: list[Window] = []
    window = window_named(spec.window, start.isoformat())
    while window.last_day <= end and (spec.window.end is None or window.end <= spec.window.end):
        windows.append(window)
        window = window_named(spec.window, window.end.isoformat())
    if not windows:
        raise MlopsError(
            f"no {spec.window.cadence} window of {spec.name} that starts on {start} or later has "
            f"ended by {end}. {_known_text(past)} Say --from and --to, or land more days."
        )
    return windows


def _checked_start(spec: ModelSpec, past: Past, first: date) -> date:
    nearest = _nearest_start(spec, first)
    try:
        window_named(spec.window, first.isoformat())
    except DataError as error:
        raise MlopsError(
            f"--from {first}: no {spec.window.cadence} window starts then. The nearest one starts "
            f"on {nearest}."
        ) from error
    if first <= past.first:
        raise MlopsError(
            f"--from {first}: nothing was known before it that a first champion could be trained "
            f"on. {_known_text(past)} The earliest that leaves enough is "
            f"{_first_start(spec, past)}."
        )
    return first


def _first_start(spec: ModelSpec, past: Past) -> date:
    """The first window before which there is enough history for a split."""
    split = spec.training.history.split
    assert isinstance(split, SplitSpec)  # of rows with event time
    held_out = split.validation_days + split.test_days
    start = past.first + timedelta(days=(1 + FITTED_PER_HELD_OUT) * held_out)
    nearest = _nearest_start(spec, start)
    return nearest if nearest >= start else nearest + _length(spec)


def _nearest_start(spec: ModelSpec, day: date) -> date:
    length = _length(spec)
    windows = round((day - spec.window.start) / length)
    return spec.window.start + max(windows, 0) * length


def _length(spec: ModelSpec) -> timedelta:
    first = window_named(spec.window, spec.window.start.isoformat())
    return first.end - first.start


def _known_text(past: Past) -> str:
    return f"Its tables have days from {past.first} to {past.last}."
