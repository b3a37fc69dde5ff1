"""Windows measured as their labels come in: weeks of 100 patients a day, told in time."""

from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from hashlib import sha256
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pytest

from mlops_platform.data.features.published import Manifest
from mlops_platform.data.features.warehouse import PartitionState
from mlops_platform.data.parquet import read_parquet, write_parquet
from mlops_platform.data.predictions import predictions_file, write_predictions
from mlops_platform.data.windows import Window, window_named
from mlops_platform.files import write_text
from mlops_platform.monitoring.performance.window_performance import (
    ChangedLabels,
    WindowPerformance,
)
from mlops_platform.monitoring.reference import Reference, VersionReference
from mlops_platform.settings import read_settings
from mlops_platform.spec import ModelSpec
from mlops_platform.usecases.deployment import Deployment
from mlops_platform.usecases.window.changed_labels import with_changed_labels
from mlops_platform.usecases.window.maturity import matured_since, matures_at
from mlops_platform.usecases.window.past import PastWindows
from mlops_platform.usecases.window.performance import KnownLabels, measure_performance
from mlops_platform.usecases.window.score import ScoredWindow

MONDAY = date(2024, 3, 4)
A_DAY = 100
BASE_RATE = 0.3
REPORTING_DELAY, MATURE_AFTER = 3, 2


def spec_of(**performance: Any) -> ModelSpec:
    candidate = {
        "name": "linear",
        "preprocessing": [{"columns": "numeric"}],
        "estimator": {"type": "sklearn.linear_model.LogisticRegression"},
    }
    return ModelSpec.model_validate(
        {
            "name": "readmission",
            "description": "Will the patient return?",
            "owners": ["team:ward"],
            "features": {"table": "visits", "entity": "visit_id", "numeric": ["age"]},
            "label": {
                "table": "visit_labels",
                "column": "returned",
                "reporting_delay_days": REPORTING_DELAY,
            },
            "window": {"start": MONDAY},
            "training": {"candidates": [candidate]},
            "monitoring": {"performance": {"mature_after_days": MATURE_AFTER, **performance}},
            "card": {"intended_use": "Tests.", "out_of_scope": "Patients."},
        }
    )


def days_of_patients(
    first: date, days: int, *, log_odds: float = 0.0, fidelity: float = 1.0, seed: int
) -> pa.Table:
    """Scores, and outcomes that are known after a day.

    Args:
        log_odds: makes more outcomes positive than the scores say.
        fidelity: how much the scores have to do with the outcomes; calibrated where it is 1.
    """
    random = np.random.default_rng(seed)
    logits = random.normal(-1, 1.5, days * A_DAY)
    # As everywhere, days differ.
    level = np.repeat(random.normal(log_odds, 0.2, days), A_DAY)
    odds = -1 + fidelity * (logits + 1) + level
    start = datetime(first.year, first.month, first.day, tzinfo=UTC)
    times = [start + timedelta(minutes=14 * at) for at in range(A_DAY)]
    events = [time + timedelta(days=day) for day in range(days) for time in times]
    return pa.table(
        {
            "visit_id": [f"{first}-{at}" for at in range(len(events))],
            "event_time": pa.array(events, pa.timestamp("us", tz="UTC")),
            "local_date": [event.date() for event in events],
            "score": 1 / (1 + np.exp(-logits)),
            "decision": logits >= 0,
            "returned": random.random(len(logits)) < 1 / (1 + np.exp(-odds)),
            "known_at": pa.array([one + timedelta(days=1) for one in events]),
        }
    )


@dataclass
class World:
    """What is published, scored and measured of one model."""

    folder: Path
    spec: ModelSpec
    past: PastWindows = field(default_factory=PastWindows)

    def week(self, number: int, *, release: int = 1, **happening: float) -> Window:
        """A week happens and is scored."""
        window = window_named(self.spec.window, str(MONDAY + timedelta(weeks=number)))
        patients = days_of_patients(window.start, 7, seed=number, **happening)
        place = read_settings({"MLOPS_HOME": str(self.folder)})
        path = predictions_file(place.predictions, self.spec.name, window.name)
        predicted = patients.drop_columns(["returned", "known_at"])
        write_predictions(predicted.to_batches(), self.spec, path)
        for day in window.days:
            rows = patients.filter(pa.compute.equal(patients["local_date"], day))
            self.publish_labels(day, rows.select(["visit_id", "returned", "known_at"]))
        scored = ScoredWindow(
            window=window,
            version=release,
            release=release,
            constants={"threshold": 0.5},
            feature_snapshot="ab" * 32,
            rows=patients.num_rows,
            means={"score": 0.3, "decision": 0.2},
            scored_at=window.ends_at,
            path=path,
        )
        self.past = PastWindows({**self.past.scored, window.name: scored}, self.past.measured)
        return window

    def publish_labels(self, day: date, labels: pa.Table) -> None:
        """The labels of a day, and the manifest that names them."""
        versions = labels
        if "superseded_at" not in labels.column_names:
            never = pa.nulls(labels.num_rows, pa.timestamp("us", tz="UTC"))
            versions = labels.append_column("superseded_at", never)
        table = self.published / "visit_labels"
        write_parquet(versions, table / f"local_date={day}/data.parquet")
        states = {
            date.fromisoformat(file.parent.name.partition("=")[2]): PartitionState(
                rows=1, digest=sha256(file.read_bytes()).hexdigest()
            )
            for file in table.glob("*/data.parquet")
        }
        manifest = Manifest(partition_column="local_date", partitions=states)
        write_text(table / "_manifest.json", manifest.to_stored())

    def correct(self, day: date, visits: int, moment: datetime) -> None:
        """So many outcomes of a day turn out to have been the others."""
        labels = read_parquet(self.published / f"visit_labels/local_date={day}/data.parquet")
        rows = labels.to_pylist()
        corrected = [
            {**row, "returned": not row["returned"], "known_at": moment} for row in rows[:visits]
        ]
        superseded = [{**row, "superseded_at": moment} for row in rows[:visits]]
        versions = pa.Table.from_pylist(
            [*superseded, *corrected, *rows[visits:]], schema=labels.schema
        )
        self.publish_labels(day, versions)

    def changed(self, moment: datetime) -> list[str]:
        """Windows whose labels have changed."""
        place = read_settings({"MLOPS_HOME": str(self.folder)})
        deployment = Deployment(place, moment_of=lambda model: moment)
        return with_changed_labels(deployment, self.spec, self.past.measured)

    @property
    def published(self) -> Path:
        return read_settings({"MLOPS_HOME": str(self.folder)}).published

    def measured(self, window: Window, moment: datetime) -> WindowPerformance:
        figures = Reference.model_construct(
            baseline={"base_rate": BASE_RATE},
            loss="log_loss",
            test_loss=0.45,
            test_baseline_loss=0.61,
        )
        reference = VersionReference(figures, days_of_patients(date(2024, 2, 19), 14, seed=99))
        scored, known = self.past.scored[window.name], KnownLabels(moment, moment)
        measured = measure_performance(
            self.published, self.spec, scored, reference, known, self.past
        )
        self.past = self.past.with_measured(measured)
        return measured

    def lived_through(self, number: int, **happening: Any) -> WindowPerformance:
        """A week that is measured when it ends and when its labels are in."""
        window = self.week(number, **happening)
        self.measured(window, window.ends_at)
        return self.measured(window, matures_at(self.spec, window))


@pytest.fixture
def world(tmp_path: Path) -> World:
    return World(tmp_path, spec_of())


def test_a_window_is_provisional_until_its_labels_are_reported(world: World) -> None:
    window = world.week(0)
    early = world.measured(window, window.ends_at)

    # Outcomes take a day and three more to be reported: those of three days are known.
    assert not early.mature
    assert early.share_known == pytest.approx(3 / 7, abs=0.01)
    assert early.change_point is None
    assert early.blocks == ()
    assert matured_since(world.spec, world.past.measured, window.ends_at) == []

    due = window.ends_at + timedelta(days=REPORTING_DELAY + MATURE_AFTER)
    assert matured_since(world.spec, world.past.measured, due) == [window.name]
    late = world.measured(window, due)
    assert (late.mature, late.labelled, late.change_point) == (True, 700, False)
    assert [one.day for one in late.blocks] == window.days
    assert [round(one.share, 2) for one in late.labels.known] == [0.43, 1.0]


def test_the_next_window_knows_how_long_labels_take(world: World) -> None:
    world.lived_through(0)
    window = world.week(1)

    on_time = world.measured(window, window.ends_at + timedelta(days=1))
    assert on_time.labels.expected == pytest.approx(on_time.share_known, abs=0.01)
    assert abs(on_time.outcomes_missing) < 0.01

    lost = window.days[4]
    folder = world.published / f"visit_labels/local_date={lost}"
    (folder / "data.parquet").unlink()
    final = world.measured(window, matures_at(world.spec, window))
    assert final.outcomes_missing == pytest.approx(1 / 7, abs=0.01)


def test_most_intervals_of_provisional_figures_hold_the_final_ones(world: World) -> None:
    held = []
    for number in range(8):
        window = world.week(number)
        early = world.measured(window, window.ends_at)
        final = world.measured(window, matures_at(world.spec, window))
        interval = early.intervals["loss"]
        held.append(interval.lower < final.losses.loss < interval.upper)

    assert sum(held) >= 6
    assert early.intervals.keys() == {
        "loss",
        "loss_increase",
        "loss_over_baseline",
        "brier_score",
    }


def test_an_estimate_rests_on_nothing_that_was_unknown_when_its_window_ended(world: World) -> None:
    for number in range(3):
        world.lived_through(number)
    window = world.week(3, log_odds=1.0)
    first = world.measured(window, window.ends_at)
    world.lived_through(4, log_odds=1.0)
    again = world.measured(window, matures_at(world.spec, window))

    assert again.losses.estimated_loss == first.losses.estimated_loss
    assert again.estimated_metrics == first.estimated_metrics
    assert again.estimated_intervals == first.estimated_intervals
    assert again.estimated_confusion == first.estimated_confusion
    assert again.losses.estimate_error == pytest.approx(
        again.losses.estimated_loss - again.losses.loss
    )


def test_an_estimate_misses_a_change_of_outcomes_until_one_such_window_has_matured(
    world: World,
) -> None:
    for number in range(3):
        calm = world.lived_through(number)
    assert abs(calm.losses.estimate_error) < 0.05

    expected = calm.estimated_intervals["recall"]
    assert expected.lower < calm.metrics["recall"] < expected.upper
    assert calm.estimated_confusion is not None
    assert sum(map(sum, calm.estimated_confusion.rows)) == pytest.approx(calm.rows)

    surprised = world.lived_through(3, log_odds=2.0)
    world.lived_through(4, log_odds=2.0)
    learnt = [world.lived_through(number, log_odds=2.0) for number in range(5, 9)]

    assert surprised.losses.estimate_error < -0.25
    assert abs(learnt[-1].losses.estimate_error) < 0.1


def test_a_change_is_found_and_a_new_champion_starts_anew(world: World) -> None:
    calm = [world.lived_through(number) for number in range(3)]
    changed = [world.lived_through(number, fidelity=-0.5) for number in range(3, 6)]
    new = world.lived_through(6, release=2)

    assert [one.change_point for one in calm] == [False] * 3
    assert changed[-1].change_point is True
    assert abs(changed[-1].change.since - (MONDAY + timedelta(weeks=3))) <= timedelta(days=3)
    assert new.change_point is False


def test_after_a_restart_the_same_is_found_as_without_one(world: World, tmp_path: Path) -> None:
    for number in range(4):
        world.lived_through(number, fidelity=1 - 0.3 * number)
    names = sorted(world.past.measured)
    read_back = {
        name: WindowPerformance.model_validate_json(world.past.measured[name].model_dump_json())
        for name in names
    }
    restarted = World(tmp_path, world.spec, PastWindows(world.past.scored, read_back))

    window = world.week(4, fidelity=-0.5)
    restarted.week(4, fidelity=-0.5)
    moment = matures_at(world.spec, window)
    assert restarted.measured(window, moment) == world.measured(window, moment)


def test_without_detectors_nothing_is_judged_and_nothing_stored(tmp_path: Path) -> None:
    world = World(tmp_path, spec_of(change_detection={"detectors": []}))

    found = world.lived_through(0)

    assert found.mature
    assert (found.change_point, found.changes, found.blocks) == (None, (), ())


def test_a_window_of_one_row_has_no_figure_that_takes_several(world: World) -> None:
    window = world.week(0)
    path = world.past.scored[window.name].path
    write_parquet(read_parquet(path).slice(0, 1), path)

    found = world.measured(window, matures_at(world.spec, window))

    assert (found.mature, found.labelled, found.intervals) == (True, 1, {})
    assert found.metric("roc_auc") is None
    assert "roc_auc" not in found.estimated_metrics
    assert found.losses.estimated_loss is not None
    assert found.change_point is False


def test_a_version_is_judged_by_the_loss_of_its_training_after_the_yaml_names_another(
    tmp_path: Path,
) -> None:
    before = World(tmp_path / "before", spec_of())
    after = World(tmp_path / "after", spec_of().with_loss("brier_score"))
    former, present = before.lived_through(0), after.lived_through(0)
    assert present.losses == former.losses
    assert present.losses.name == "log loss"
    assert present.blocks == former.blocks
    assert present.metrics["brier_score"] == former.metrics["brier_score"] != present.losses.loss


def test_a_mature_window_is_measured_again_once_its_labels_are_others(world: World) -> None:
    final = world.lived_through(0)
    window = world.past.scored[final.window].window
    later = matures_at(world.spec, window) + timedelta(days=30)
    assert world.changed(later) == []

    world.correct(window.days[2], 10, later - timedelta(days=REPORTING_DELAY))
    assert world.changed(later) == [window.name]

    again = world.measured(window, later)
    assert again.labels_changed == ChangedLabels(since=final.as_of, labels=10)
    assert (again.labelled, again.mature) == (700, True)
    assert again.losses.loss != final.losses.loss
    assert world.changed(later + timedelta(days=1)) == []
    assert world.measured(window, later).labels_changed is None


def test_a_correction_that_is_reported_later_is_measured_when_it_is(world: World) -> None:
    """Its publication is no sign of it, and nothing is published when it is reported."""
    final = world.lived_through(0)
    window = world.past.scored[final.window].window
    corrected_at = matures_at(world.spec, window) + timedelta(days=30)
    reported_at = corrected_at + timedelta(days=REPORTING_DELAY)
    world.correct(window.days[2], 10, corrected_at)

    assert world.changed(corrected_at) == [window.name]
    unaware = world.measured(window, corrected_at)
    assert unaware.losses.loss == final.losses.loss
    assert (unaware.labels_changed, unaware.labels_settle_at) == (
        ChangedLabels(since=final.as_of, labels=0),
        reported_at,
    )
    assert world.changed(reported_at - timedelta(seconds=1)) == []

    assert world.changed(reported_at) == [window.name]
    aware = world.measured(window, reported_at)
    assert aware.labels_changed == ChangedLabels(since=corrected_at, labels=10)
    assert aware.losses.loss != final.losses.loss
    assert world.changed(reported_at + timedelta(days=1)) == []


def test_a_correction_of_before_that_is_published_afterwards_is_counted(world: World) -> None:
    final = world.lived_through(0)
    window = world.past.scored[final.window].window
    moment = final.as_of + timedelta(days=1)
    world.correct(window.days[2], 10, window.ends_at + timedelta(days=1))
    assert world.changed(moment) == [window.name]
    assert world.measured(window, moment).labels_changed == ChangedLabels(
        since=final.as_of, labels=10
    )


def test_an_outcome_that_comes_after_its_window_was_mature_is_measured(world: World) -> None:
    window = world.week(0)
    day = window.days[6]
    file = world.published / f"visit_labels/local_date={day}/data.parquet"
    labels = read_parquet(file)
    world.publish_labels(day, labels.slice(20))
    due = matures_at(world.spec, window)
    assert world.measured(window, due).labelled == 680

    world.publish_labels(day, labels)
    assert world.changed(due + timedelta(days=1)) == [window.name]
    assert world.measured(window, due + timedelta(days=1)).labelled == 700


def test_windows_that_are_provisional_or_do_not_say_are_not_measured_for_their_labels(
    world: World,
) -> None:
    window = world.week(0)
    world.measured(window, window.ends_at)
    world.correct(window.days[0], 10, window.ends_at)
    assert world.changed(window.ends_at + timedelta(days=30)) == []

    final = world.measured(window, matures_at(world.spec, window))
    of_before = final.model_copy(update={"labels_digest": ""})
    world.past = world.past.with_measured(of_before)
    world.correct(window.days[1], 10, window.ends_at)
    assert world.changed(window.ends_at + timedelta(days=30)) == []
    assert "labels_digest" not in of_before.to_stored()


def test_windows_of_another_label_or_without_predictions_stay_as_they_are(world: World) -> None:
    final = world.lived_through(0)
    window = world.past.scored[final.window].window
    world.correct(window.days[0], 10, window.ends_at)
    moment = window.ends_at + timedelta(days=30)
    assert world.changed(moment) == [window.name]

    declared = world.spec
    died = declared.label.model_copy(update={"column": "died"})
    world.spec = declared.model_copy(update={"label": died})
    assert world.changed(moment) == []

    world.spec = declared
    world.past.scored[window.name].path.unlink()
    assert world.changed(moment) == []


def test_a_week_of_one_outcome_is_measured_by_what_needs_no_other(tmp_path: Path) -> None:
    """A metric of the YAML may fail on such outcomes, on which nobody has tried it."""
    picky = {"name": "picky", "function": "sklearn.metrics.no_such", "of": "score"}
    declared = spec_of().model_dump(mode="json", exclude_unset=True)
    task = {"type": "binary_classification", "metrics": [picky | {"greater_is_better": True}]}
    world = World(tmp_path, ModelSpec.model_validate({**declared, "task": task}))

    week = world.lived_through(0, log_odds=99)

    assert week.losses.loss is not None
    assert week.metric("expected_calibration_error") is not None
    assert (week.metric("roc_auc"), week.metric("picky")) == (None, None)
