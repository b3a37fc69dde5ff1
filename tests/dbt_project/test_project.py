"""What the project promises about itself: documented, tested, and the same for every lake."""

from __future__ import annotations

import json
import subprocess
import sys
from datetime import date
from pathlib import Path
from tempfile import gettempdir
from typing import TYPE_CHECKING, Any

import pytest

from mlops_platform.errors import LockedError

if TYPE_CHECKING:
    from dbt.contracts.graph.manifest import Manifest

    from tests.dbt_project.conftest import Copier, Deployment

REPOSITORY = Path(__file__).parents[2]
ROLLING = {
    "carrier_late_rate_7d",
    "route_late_rate_28d",
    "origin_late_rate_24h",
    "origin_late_rate_3h",
    "tail_number_late_rate_14d",
}


@pytest.fixture
def content(parsed: tuple[Manifest, Path]) -> Any:
    """The manifest as Dagster and dbt docs read it."""
    return json.loads(parsed[1].read_text())


def test_unit_tests_pass_and_cover_every_rolling_feature_and_the_label(
    content: Any, winter: Deployment, copied: Copier
) -> None:
    results = copied(winter).dbt("test", "--select", "test_type:unit,path:models/flights")
    assert results.keys() == {
        test["name"]
        for test in content["unit_tests"].values()
        if test["original_file_path"].startswith("models/flights/")
    }
    assert {str(result.status) for result in results.values()} == {"pass"}, results
    expected_columns = {
        column
        for test in content["unit_tests"].values()
        for row in test["expect"]["rows"]
        for column in row
    }
    assert expected_columns >= {*ROLLING, "is_late", "weather_age_minutes", "plane_age_years"}


def test_every_table_and_every_column_is_described(content: Any) -> None:
    documented = [
        node
        for node in (*content["nodes"].values(), *content["sources"].values())
        if node["resource_type"] in ("model", "seed", "source")
    ]
    assert len(documented) >= 33
    for node in documented:
        assert node["description"].strip(), node["name"]
        assert node["columns"], node["name"]
        for name, column in node["columns"].items():
            assert column["description"].strip(), f"{node['name']}.{name}"
            assert column["data_type"], f"{node['name']}.{name}"


def test_every_model_has_a_contract_an_owner_and_a_data_test(content: Any) -> None:
    nodes = content["nodes"].values()
    tested = {
        parent
        for node in nodes
        if node["resource_type"] == "test"
        for parent in node["depends_on"]["nodes"]
    }
    models = [node for node in nodes if node["resource_type"] == "model"]
    assert len(models) >= 23
    for model in models:
        assert model["unique_id"] in tested, model["name"]
        assert model["contract"]["enforced"], model["name"]
        assert model["config"]["meta"]["dagster"]["owners"], model["name"]


def test_only_the_marts_are_published(content: Any) -> None:
    published = {
        node["name"]: node["config"]["meta"]["mlops"]["partition_by"]
        for node in content["nodes"].values()
        if node["config"]["meta"].get("mlops", {}).get("publish")
    }
    assert published == {
        "flight_features": "local_date",
        "flight_labels": "local_date",
        "flight_hour_features": "local_date",
        "departure_features": "local_date",
        "departure_labels": "local_date",
        "weather_hour_features": "local_date",
        "weather_hour_labels": "local_date",
        "mail_features": "local_date",
        "mail_labels": "local_date",
        "order_features": "local_date",
        "order_labels": "local_date",
        "order_revenue": "local_date",
        "smoker_features": "landed_day",
        "smoker_labels": "landed_day",
        "person_year_features": "landed_day",
        "person_year_labels": "landed_day",
    }


def test_the_manifest_names_no_folder_of_this_machine(content: Any) -> None:
    for node in content["nodes"].values():
        # dbt finds the CSV of a seed by the folder of the project.
        node.pop("root_path", None)
    text = json.dumps(content)
    assert "read_landing('{name}')" in text
    for folder in (REPOSITORY, Path(gettempdir())):
        assert f"{folder}/" not in text


def test_freshness_of_a_replay_is_judged_by_its_own_clock(
    winter: Deployment, copied: Copier
) -> None:
    deployment = copied(winter)
    assert freshness(deployment, "2013-03-13T06:00:00Z") == {"pass"}
    assert freshness(deployment, "2013-03-14T20:00:00Z") == {"warn"}
    assert freshness(deployment, None) == {"error"}


def freshness(deployment: Deployment, as_of: str | None) -> set[str]:
    flights = ("--select", "source:landing.flight_schedules", "source:landing.flight_outcomes")
    results = deployment.dbt("source", "freshness", *flights, as_of=as_of)
    return {str(result.status) for result in results.values()}


def test_a_range_that_ends_before_it_starts_is_refused(winter: Deployment, copied: Copier) -> None:
    backwards = (date(2013, 3, 2), date(2013, 3, 1))
    results = copied(winter).dbt("run", "--select", "int_flights", days=backwards)
    assert "start_day=2013-03-02 is after end_day" in str(results["int_flights"].message)


def test_a_range_without_days_is_refused(winter: Deployment, copied: Copier) -> None:
    deployment = copied(winter)
    results = deployment.dbt("run", "--select", "int_flights", start_day="2013-02-30")
    assert "2013-02-30" in str(results["int_flights"].message)
    assert str(results["int_flights"].status) == "error"


def test_a_build_that_meets_the_lock_of_another_process_says_that_it_is_one(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from mlops_platform.data.features.dbt import DbtProjectFolder, build

    (tmp_path / "models").mkdir()
    (tmp_path / "models" / "one.sql").write_text("SELECT 1 AS one")
    (tmp_path / "dbt_project.yml").write_text("{name: small, profile: small, version: '1.0'}")
    profile = "{type: duckdb, path: \"{{ env_var('MLOPS_WAREHOUSE') }}\"}"
    (tmp_path / "profiles.yml").write_text(
        f"{{small: {{target: only, outputs: {{only: {profile}}}}}}}"
    )
    project = DbtProjectFolder(
        folder=tmp_path,
        warehouse=tmp_path / "warehouse.duckdb",
        lake=tmp_path / "lake",
        target=tmp_path / "target",
    )
    for name, value in project.environment().items():
        monkeypatch.setenv(name, value)  # as it was, after the test
    hold = "import duckdb, sys; c = duckdb.connect(sys.argv[1]); print(flush=True); input()"
    command = [sys.executable, "-c", hold, str(project.warehouse)]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as process:
        assert process.stdout is not None
        assert process.stdin is not None
        process.stdout.readline()
        with pytest.raises(LockedError, match="Could not set lock on file"):
            build(project)
        process.stdin.write(b"\n")
        process.stdin.close()
    assert [outcome.status for outcome in build(project)] == ["success"]
