"""`mlops` on a deployment that has a champion."""

import csv
import io

import pytest

pytestmark = pytest.mark.slow


def test_sql_lists_what_the_lake_holds(deployment) -> None:
    listed = deployment.mlops("sql")
    for schema, table in (
        ("landing", "flight_outcomes"),
        ("features", "flight_features"),
        ("training_sets", "flight_delay"),
    ):
        assert any(schema in line and table in line for line in listed.splitlines())


def test_sql_joins_features_with_labels_for_another_program(deployment) -> None:
    output = deployment.mlops(
        *("sql", "--csv"),
        "select carrier, count(*) flights, avg(is_late::int) late "
        "from features.flight_features "
        "join features.flight_labels labels using (flight_id, local_date) "
        "where labels.superseded_at is null and carrier in ('UA', 'B6') "
        "group by all order by carrier",
    )
    first, second = csv.DictReader(io.StringIO(output))
    assert (first["carrier"], second["carrier"]) == ("B6", "UA")
    assert int(second["flights"]) > 4000
    assert 0.1 < float(second["late"]) < 0.4


@pytest.mark.parametrize(
    "statement",
    [
        "DROP VIEW features.flight_features",
        "DELETE FROM features.flight_labels",
        "COPY (SELECT 1) TO '{home}/lake/features/stolen.parquet'",
        "COPY (SELECT 1) TO '{home}/lake/landing/flight_schedules/day=2013-01-01/data.parquet'",
    ],
)
def test_sql_changes_nothing(deployment, statement: str) -> None:
    lake = deployment.settings.lake
    before = {file: file.stat().st_mtime_ns for file in lake.rglob("*")}
    deployment.mlops("sql", statement.format(home=deployment.home), succeeds=False)
    assert {file: file.stat().st_mtime_ns for file in lake.rglob("*")} == before


def test_a_mistake_in_a_query_is_a_message_and_no_stack_trace(deployment) -> None:
    told = deployment.mlops("sql", "select * from features.flight_feature", succeeds=False)
    assert "flight_feature does not exist" in told
    assert "`mlops sql` without a query lists tables and views" in told
    assert "Traceback" not in told


def test_reconcile_heals_a_deleted_pointer_and_a_moved_alias(deployment) -> None:
    pointer = deployment.pointer.read_bytes()
    deployment.pointer.unlink()
    deployment.registry.delete_alias("flight_delay", "champion")

    told = deployment.mlops("reconcile")

    assert "repaired flight_delay" in told
    assert deployment.pointer.read_bytes() == pointer
    assert deployment.registry.alias_version("flight_delay", "champion") == 1
    assert "nothing to repair" in deployment.mlops("reconcile")
