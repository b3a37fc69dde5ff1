"""Windows in which groups of patients are compared, once their labels are in."""

from datetime import timedelta
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa

from mlops_platform.data.parquet import read_parquet, write_parquet
from mlops_platform.monitoring.alarms.alarm import Alarm
from mlops_platform.monitoring.alarms.performance_alarms import (
    FAIRNESS,
    performance_alarms,
    performance_checks,
)
from mlops_platform.monitoring.performance.window_performance import WindowPerformance
from mlops_platform.spec import ModelSpec
from mlops_platform.usecases.window.maturity import matures_at
from tests.data.features.claims import claim
from tests.usecases.window.test_performance import World, spec_of

LIMIT = {"selection_rate": {"max_difference": 0.1}}


def fair_spec(gate: dict[str, Any], **fairness: Any) -> ModelSpec:
    plain = spec_of().model_dump(mode="json")
    plain["features"]["sensitive"] = ["sex"]
    plain["evaluation"]["fairness"] = {"columns": ["sex"], **fairness}
    plain["gate"]["fairness"] = gate
    return ModelSpec.model_validate(plain)


def publish_visits(world: World, number: int, *, selected: float, rows: int = 700) -> None:
    """Of the visits that were decided positive, this share is of men; of all others a half.

    Args:
        rows: so many have a sex.
    """
    window = world.week(number)
    random = np.random.default_rng(number)
    predicted = read_parquet(world.past.scored[window.name].path)
    men = np.where(predicted["decision"].to_numpy(), selected, 0.5)
    sexes = np.where(random.random(len(men)) < men, "m", "f").astype(object)
    sexes[rows:] = None
    visits = pa.table(
        {
            "visit_id": predicted["visit_id"],
            "local_date": predicted["local_date"],
            "sex": pa.array(sexes, pa.string()),
        }
    )
    for day in window.days:
        of_day = visits.filter(pa.compute.equal(visits["local_date"], day))
        write_parquet(of_day, world.published / f"visits/local_date={day}/data.parquet")
    claim(world.published / "visits")


def measured(world: World, number: int) -> WindowPerformance:
    window = list(world.past.scored.values())[number].window
    return world.measured(window, matures_at(world.spec, window))


def fairness_alarm(world: World, performance: WindowPerformance) -> Alarm:
    alarms = {alarm.check: alarm for alarm in performance_alarms(performance, world.spec)}
    assert tuple(alarms) == performance_checks(world.spec)
    return alarms[FAIRNESS]


def test_equal_groups_are_measured_and_no_alarm(tmp_path: Path) -> None:
    world = World(tmp_path, fair_spec(LIMIT))
    publish_visits(world, 0, selected=0.5)
    performance = measured(world, 0)
    assert performance.fairness is not None
    (column,) = performance.fairness.columns
    assert set(column.groups) == {"m", "f"}
    assert sum(column.groups.values()) == performance.labelled
    alarm = fairness_alarm(world, performance)
    assert alarm.passed
    assert alarm.conclusive
    assert WindowPerformance.from_stored(performance.to_stored()) == performance


def test_a_gap_that_surely_is_too_wide_warns(tmp_path: Path) -> None:
    world = World(tmp_path, fair_spec(LIMIT))
    publish_visits(world, 0, selected=0.95)
    alarm = fairness_alarm(world, measured(world, 0))
    assert not alarm.passed
    assert alarm.severity == "warn"
    assert "selection rate by sex is" in alarm.reason
    assert "which surely is more than the 0.1 that is allowed" in alarm.reason


def test_groups_too_small_to_compare_raise_no_alarm(tmp_path: Path) -> None:
    world = World(tmp_path, fair_spec(LIMIT, min_group_rows=400))
    publish_visits(world, 0, selected=0.95, rows=300)
    alarm = fairness_alarm(world, measured(world, 0))
    assert alarm.passed
    assert not alarm.conclusive
    assert "cannot be compared" in alarm.reason


def test_before_its_labels_are_in_a_window_is_not_judged(tmp_path: Path) -> None:
    world = World(tmp_path, fair_spec(LIMIT))
    publish_visits(world, 0, selected=0.95)
    (scored,) = world.past.scored.values()
    early = world.measured(scored.window, scored.window.ends_at + timedelta(hours=1))
    assert early.fairness is None
    assert fairness_alarm(world, early).reason.startswith("provisional")


def test_visits_that_are_published_no_more_are_a_group(tmp_path: Path) -> None:
    world = World(tmp_path, fair_spec({}))
    publish_visits(world, 0, selected=0.5)
    (scored,) = world.past.scored.values()
    day = scored.window.start
    (world.published / f"visits/local_date={day}/data.parquet").unlink()
    claim(world.published / "visits")
    performance = measured(world, 0)
    assert performance.fairness is not None
    assert performance.fairness.columns[0].groups["(missing)"] == 100
    assert FAIRNESS not in performance_checks(world.spec)


def test_a_record_of_before_is_read_and_not_judged(tmp_path: Path) -> None:
    world = World(tmp_path, fair_spec(LIMIT))
    publish_visits(world, 0, selected=0.95)
    now = measured(world, 0)
    before = WindowPerformance.from_stored(now.to_stored(exclude={"fairness"}))
    assert before.fairness is None
    alarm = fairness_alarm(world, before)
    assert (alarm.passed, alarm.conclusive) == (True, False)
