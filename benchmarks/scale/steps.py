"""One step of the platform in a process of its own, and what it took as JSON on stdout.

`python steps.py STEP [DAYS]`, in the folder of a project whose landing reads synthetic facts, with
MLOPS_HOME.
"""

from __future__ import annotations

import json
import resource
import sys
import time
from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta
from typing import TYPE_CHECKING, Any, Final

if TYPE_CHECKING:
    from mlops_platform.components.model_lifecycle.lifecycle_model import LifecycleModel
    from mlops_platform.driving.driver import JobDriver

MODEL: Final = "flight_delay"
FIRST_DAY: Final = date(2013, 1, 1)
WEEK: Final = 7


def days_until(count: int, last: int | None = None) -> list[date]:
    """The first so many days, or the last of them."""
    days = [FIRST_DAY + timedelta(days=number) for number in range(count)]
    return days if last is None else days[-last:]


def land(driver: JobDriver, model: LifecycleModel, days: list[date]) -> None:
    """Land facts of some days, and with the first ones the registers."""
    import dagster as dg

    from mlops_platform.driving.driver import day_range

    registers = [dg.AssetKey(["landing", name]) for name in ("planes", "airports", "airlines")]
    facts = [
        dg.AssetKey(["landing", name])
        for name in ("flight_schedules", "flight_outcomes", "weather")
    ]
    if days[0] == FIRST_DAY:
        driver.run("land_days", assets=registers, tags=day_range([FIRST_DAY]))
    driver.run("land_days", assets=facts, tags=day_range(days))


def build_features(driver: JobDriver, model: LifecycleModel, days: list[date]) -> None:
    """Build what is landed, as a person asks for it: without days."""
    driver.run("build_features")


def build_week(driver: JobDriver, model: LifecycleModel, days: list[date]) -> None:
    """Build some days."""
    driver.run("build_features", config=model.store.build_config(days[0], days[-1]))


def take_training_set(driver: JobDriver, model: LifecycleModel, days: list[date]) -> None:
    """Snapshot what is known."""
    import dagster as dg

    from mlops_platform.components.model_lifecycle.automation.requests import ANY_ASSETS

    driver.run(ANY_ASSETS, assets=[dg.AssetKey([model.name, "training_set"])])


def train(driver: JobDriver, model: LifecycleModel, days: list[date]) -> None:
    """Everything else of a training, up to a released and packaged champion."""
    import dagster as dg

    from mlops_platform.components.model_lifecycle.automation.requests import ANY_ASSETS
    from mlops_platform.components.stages import STAGE_ASSETS

    rest = [
        dg.AssetKey([model.name, name]) for name in STAGE_ASSETS["train"] if name != "training_set"
    ]
    driver.run(ANY_ASSETS, assets=rest)


def watch(driver: JobDriver, model: LifecycleModel, days: list[date]) -> None:
    """Predictions, drift report and performance of the last whole window."""
    from mlops_platform.components.model_lifecycle.automation.requests import ANY_ASSETS
    from mlops_platform.components.stages import run_tags, stage_keys
    from mlops_platform.data.windows import ended_windows

    window = ended_windows(model.spec.window, _midnight_after(days))[-1]
    driver.run(
        ANY_ASSETS,
        partition=window.name,
        assets=stage_keys(model.name, "watch"),
        tags=run_tags(model.name, "watch"),
    )


STEPS: Final[dict[str, Callable[..., None]]] = {
    "land": land,
    "build_features": build_features,
    "build_week": build_week,
    "take_training_set": take_training_set,
    "train": train,
    "watch": watch,
}


def main(step: str, days: list[date]) -> dict[str, Any]:
    """Run one step, timed without imports and the loading of definitions.

    Returns:
        seconds, CPU seconds, and the peak of the resident size of the process.
    """
    from mlops_platform.clock import move_to
    from mlops_platform.components.models import declared_lifecycle
    from mlops_platform.definitions import defs
    from mlops_platform.driving.driver import JobDriver
    from mlops_platform.driving.instance import open_quiet_instance
    from mlops_platform.settings import settings
    from mlops_platform.usecases.deployment import open_deployment

    move_to(settings().replay_clock(MODEL), _midnight_after(days) + timedelta(hours=6))
    with open_quiet_instance() as instance:
        driver = JobDriver(defs(), instance).on_behalf_of(open_deployment(), MODEL)
        model = declared_lifecycle(MODEL)
        started, cpu = time.perf_counter(), time.process_time()
        STEPS[step](driver, model, days)
        return {
            "seconds": time.perf_counter() - started,
            "cpu_seconds": time.process_time() - cpu,
            "peak_bytes": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024,
        }


def _midnight_after(days: list[date]) -> datetime:
    # By far enough: nobody waits for an hour of New York.
    return datetime.combine(days[-1] + timedelta(days=1), datetime.min.time(), UTC)


if __name__ == "__main__":
    sys.path.insert(0, "")  # the project in the present folder, whichever one is installed
    name, count, *last = sys.argv[1:]
    asked = days_until(int(count), int(last[0]) if last else None)
    sys.stdout.write(json.dumps(main(name, asked)) + "\n")
