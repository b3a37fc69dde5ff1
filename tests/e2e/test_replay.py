"""The weeks after the first champion, lived through by the automation of production."""

import json
from datetime import date, timedelta

import dagster as dg
import numpy as np
import pytest

from mlops_platform.clock import present
from mlops_platform.components.models import declared_spec
from mlops_platform.data.features.features import read_feature_rows
from mlops_platform.data.parquet import read_parquet
from mlops_platform.data.predictions import predictions_file
from mlops_platform.monitoring.alarms.performance_alarms import performance_checks
from mlops_platform.usecases.deployment import deployment_at
from mlops_platform.usecases.version.champion import load_champion
from tests.e2e.home.third_week import THIRD_WEEK, WINDOWS, ThirdWeek
from tests.registry.fetched import fetched_directory

pytestmark = pytest.mark.slow

WEEKS = ["2013-01-28", "2013-02-04"]


@pytest.fixture
def summary(deployment) -> dict:
    return json.loads((deployment.settings.demo / "summary.json").read_text())


def _metadata(deployment, name: str, window: str) -> dict:
    with deployment.instance() as instance:
        (record,) = instance.fetch_materializations(
            dg.AssetRecordsFilter(
                asset_key=dg.AssetKey(["flight_delay", name]), asset_partitions=[window]
            ),
            limit=1,
        ).records
    return {key: found.value for key, found in record.asset_materialization.metadata.items()}


def test_every_week_is_scored_watched_and_decided_about(summary: dict) -> None:
    assert [row["start"] for row in summary["windows"]] == WEEKS
    for row in summary["windows"]:
        assert row["rows"] > 4000
        assert row["version"] == 1
        assert 0 < row["loss_served"] < 1
        assert row["loss_frozen"] == row["loss_served"]
        assert 0 <= row["drift_share"] <= 1
        assert row["decision"] == "wait"
        assert row["reason"]
    assert summary["retrainings"] == []
    assert {"land", "watch", "retrain"} < summary["seconds_by_window"][0].keys()


def test_a_week_is_mature_when_the_next_one_has_ended(summary: dict) -> None:
    assert [row["mature"] for row in summary["windows"]] == [True, False]


def test_no_day_after_the_replayed_moment_was_ever_landed(deployment) -> None:
    assert str(present(deployment.settings.replay_clock("flight_delay")).date()) == "2013-02-11"
    days = {folder.name for folder in deployment.settings.landing.glob("*/day=*")}
    assert max(days) == "day=2013-02-10"


def test_each_prediction_says_what_it_was_made_from(deployment) -> None:
    output = deployment.mlops(
        *("sql", "--csv"),
        "select version, release, count(*) n, count(distinct feature_snapshot) snapshots, "
        "count(label) labelled from predictions_with_outcomes.flight_delay "
        "where \"window\" = '2013-01-28' group by all",
    )
    _, row = output.splitlines()
    version, release, rows, snapshots, labelled = map(int, row.split(","))
    assert (version, release, snapshots) == (1, 1, 1)
    assert 0.9 * rows < labelled <= rows


def test_batch_predictions_are_those_of_the_released_pipeline(deployment) -> None:
    settings, window = deployment.settings, date(2013, 1, 28)
    spec = declared_spec("flight_delay")
    days = [window + timedelta(days=at) for at in range(7)]
    champion = load_champion(deployment_at(settings), "flight_delay")
    rows = read_feature_rows(spec, settings.published, days).to_pandas()
    file = predictions_file(settings.predictions, "flight_delay", WEEKS[0])
    stored = read_parquet(file).to_pandas()

    assert stored["flight_id"].tolist() == rows["flight_id"].tolist()
    expected = champion.model.predict_proba(rows[list(spec.features.names)])[:, 1]
    np.testing.assert_array_equal(stored["score"].to_numpy(), expected)
    threshold = champion.constants["threshold"]
    np.testing.assert_array_equal(stored["decision"].to_numpy(), expected >= threshold)


def test_the_pages_tell_the_story_without_opening_a_file(deployment) -> None:
    performance = _metadata(deployment, "performance", WEEKS[0])
    assert performance["state"] == "mature"
    assert {"loss", "promised_loss", "baseline_loss", "trend"} < performance.keys()
    assert {"loss_interval", "estimated_loss", "estimate_error"} < performance.keys()
    assert {"change_point", "detectors", "outcomes_known_over_time"} < performance.keys()
    drift = _metadata(deployment, "drift_report", WEEKS[0])
    assert {"drift_share", "prediction_drift", "open_report", "trend_over_threshold"} < drift.keys()


def test_the_report_is_in_mlflow(deployment) -> None:
    link = _metadata(deployment, "drift_report", WEEKS[0])["open_report"]
    run_id = link.split("/runs/")[1].split("/")[0]
    reports = fetched_directory(deployment.registry, run_id, "reports")
    assert {file.stem for file in reports.iterdir()} == set(WEEKS)
    assert "<html" in (reports / f"{WEEKS[0]}.html").read_text()[:2000]


def test_the_automation_acted_and_no_person(deployment) -> None:
    with deployment.instance() as instance:
        runs = instance.get_runs(WINDOWS)
    assert {run.tags["mlops/model"] for run in runs} == {"flight_delay"}
    assert [run.tags["dagster/partition"] for run in reversed(runs)] == WEEKS


def test_a_week_that_matured_was_measured_again_in_the_run_of_the_next(deployment) -> None:
    key = dg.AssetKey(["flight_delay", "performance"])
    with deployment.instance() as instance:
        measured = instance.fetch_materializations(key, limit=10).records
        history = instance.event_log_storage.get_asset_check_execution_history
        names = performance_checks(declared_spec("flight_delay"))
        checks = [dg.AssetCheckKey(key, name) for name in names]
        newest = [history(check, limit=1)[0] for check in checks]
    assert [record.partition_key for record in reversed(measured)] == [WEEKS[0], WEEKS[0], WEEKS[1]]
    states = [record.asset_materialization.metadata["state"].value for record in reversed(measured)]
    assert states == ["provisional", "mature", "provisional"]
    # The page ends with the newest week, its alarms with the verdict on the week that matured.
    assert {record.run_id for record in newest} == {""}


def test_a_week_that_was_killed_is_gone_on_with(third_week: ThirdWeek) -> None:
    # Land, features, the first champion and two weeks.
    assert third_week.shown.count("done before") == 5
    assert [row["start"] for row in third_week.summary["windows"]] == [*WEEKS, THIRD_WEEK]
    assert third_week.runs == ("SUCCESS", "FAILURE", "SUCCESS", "SUCCESS")
