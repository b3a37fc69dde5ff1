"""A window of several classes in which some do not occur, and one that nobody declared does."""

from datetime import UTC, datetime, timedelta
from pathlib import Path

import numpy as np
import pyarrow as pa
import pytest

from mlops_platform.data.predictions import predictions_file, write_predictions
from mlops_platform.data.windows import window_named
from mlops_platform.monitoring.alarms.performance_alarms import performance_alarms
from mlops_platform.monitoring.performance.window_performance import WindowPerformance
from mlops_platform.monitoring.reference import Reference, VersionReference
from mlops_platform.settings import read_settings
from mlops_platform.spec import ModelSpec
from mlops_platform.usecases.window.maturity import matures_at
from mlops_platform.usecases.window.performance import KnownLabels, measure_performance
from mlops_platform.usecases.window.score import ScoredWindow
from tests.usecases.window.test_performance import MONDAY, World, spec_of

CLASSES = ("sun", "rain", "snow")
SHARES = (0.6, 0.38, 0.02)


@pytest.fixture
def world(tmp_path: Path) -> World:
    declared = spec_of().model_dump(mode="json", exclude_unset=True)
    task = {"type": "multiclass_classification", "classes": CLASSES}
    return World(tmp_path, ModelSpec.model_validate({**declared, "task": task}))


def measured(world: World, *outcomes: str) -> WindowPerformance:
    """A mature week with these outcomes, of which each day has as many."""
    spec, window = world.spec, window_named(world.spec.window, str(MONDAY))
    start = datetime(MONDAY.year, MONDAY.month, MONDAY.day, 9, tzinfo=UTC)
    a_day = len(outcomes) // 7
    events = [start + timedelta(days=at // a_day) for at in range(len(outcomes))]
    rows = pa.table(
        {
            "visit_id": [f"visit-{at}" for at in range(len(outcomes))],
            "event_time": pa.array(events, pa.timestamp("us", tz="UTC")),
            "local_date": [event.date() for event in events],
            "decision": ["sun"] * len(outcomes),
            "confidence": [SHARES[0]] * len(outcomes),
            **{f"probability_{at + 1}": [SHARES[at]] * len(outcomes) for at in range(3)},
        }
    )
    place = read_settings({"MLOPS_HOME": str(world.folder)})
    path = predictions_file(place.predictions, spec.name, window.name)
    write_predictions(rows.to_batches(), spec, path)
    known = pa.array([event + timedelta(days=1) for event in events])
    labels = rows.append_column("returned", pa.array(outcomes)).append_column("known_at", known)
    for day in window.days:
        of_day = labels.filter(pa.compute.equal(labels["local_date"], day))
        world.publish_labels(day, of_day.select(["visit_id", "returned", "known_at"]))
    codes = np.repeat([0, 1, 2], [60, 38, 2])
    scored = ScoredWindow(
        window=window,
        version=1,
        release=1,
        constants={},
        feature_snapshot="ab" * 32,
        rows=rows.num_rows,
        means={},
        scored_at=window.ends_at,
        path=path,
    )
    figures = Reference.model_construct(
        baseline=spec.task.baseline(codes),
        loss="log_loss",
        test_loss=0.75,
        test_baseline_loss=0.75,
    )
    moment = matures_at(spec, window)
    return measure_performance(
        world.published,
        spec,
        scored,
        VersionReference(figures, rows.append_column("returned", pa.array(["sun"] * len(rows)))),
        KnownLabels(moment, moment),
    )


def told(world: World, window: WindowPerformance) -> dict[str, bool]:
    return {alarm.check: alarm.passed for alarm in performance_alarms(window, world.spec)}


def test_the_first_outcome_that_is_not_declared_warns(world: World) -> None:
    window = measured(world, *["sun"] * 13, *["rain"] * 7, "hail")

    assert window.metrics["undeclared_share"] == pytest.approx(1 / 21)
    assert not told(world, window)["undeclared_share"]
    assert any("'hail'" in note for note in window.notes)


def test_a_rare_class_that_the_season_takes_away_is_told_and_no_warning(world: World) -> None:
    window = measured(world, *["sun"] * 13, *["rain"] * 8)

    checks = told(world, window)
    assert checks["vanished_classes"]
    assert checks["undeclared_share"]
    assert window.notes == ("No outcome is 'snow' (0.4 were to be expected).",)


def test_a_class_of_which_many_were_to_be_expected_warns(world: World) -> None:
    window = measured(world, *["sun"] * 35)

    assert window.metrics["vanished_classes"] == 1
    assert not told(world, window)["vanished_classes"]


@pytest.mark.parametrize("outcome", ["sun", "hail"])
def test_a_window_of_one_class_is_measured_all_the_same(world: World, outcome: str) -> None:
    window = measured(world, *[outcome] * 21)

    expected = 1e-6 if outcome == "hail" else SHARES[0]
    assert window.losses.loss == pytest.approx(-np.log(expected), rel=1e-4)
    assert window.metrics["undeclared_share"] == (outcome == "hail")
    assert window.metric("d2") is None
    stored = window.to_stored()
    assert WindowPerformance.from_stored(stored).to_stored() == stored
    assert told(world, window)["undeclared_share"] is (outcome == "sun")
