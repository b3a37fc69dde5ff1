"""Broken data is never published: training keeps the last good days."""

import dagster as dg
import duckdb
import pytest

from mlops_platform.data.features.published import read_manifest

pytestmark = pytest.mark.slow

DAY = "2013-01-20"
ONE_DAY = {"ops": {"dbt_features": {"config": {"start_day": DAY, "end_day": DAY}}}}
TABLES = ("flight_features", "flight_labels")


def _break(untrained) -> None:
    """Half of a landed day loses its carrier, as after a faulty export of the source."""
    file = untrained.settings.landing / "flight_schedules" / f"day={DAY}" / "data.parquet"
    broken = file.with_suffix(".broken")
    duckdb.sql(
        f"COPY (SELECT * REPLACE (CASE WHEN flight_number % 2 = 0 THEN carrier END AS carrier) "
        f"FROM '{file}') TO '{broken}' (FORMAT parquet)"
    )
    broken.replace(file)


def _published(untrained) -> dict[str, bytes]:
    folder = untrained.settings.published
    return {str(file): file.read_bytes() for file in folder.rglob("*") if file.is_file()}


def test_broken_data_is_not_published_and_the_failing_test_is_named(untrained) -> None:
    before = _published(untrained)
    _break(untrained)

    run = untrained.launch("--job", "build_features", config=ONE_DAY)

    assert run.status == dg.DagsterRunStatus.FAILURE
    assert _published(untrained) == before
    (failure,) = untrained.events(run, dg.DagsterEventType.STEP_FAILURE)
    told = failure.step_failure_data.error.to_string()
    failed = {name for name, passed in untrained.checks(run).items() if not passed}
    assert failed
    assert any(name in told for name in failed)
    assert "nothing was published" in told
    assert "build these days again" in told
    assert untrained.events(run, dg.DagsterEventType.ASSET_MATERIALIZATION) == []


def test_when_the_data_are_good_again_the_same_build_publishes(untrained) -> None:
    digests = {table: read_manifest(untrained.settings.published, table).digest for table in TABLES}
    landed = untrained.settings.landing / "flight_schedules" / f"day={DAY}" / "data.parquet"
    good = landed.read_bytes()
    _break(untrained)
    run = untrained.launch("--job", "build_features", config=ONE_DAY)
    assert run.status == dg.DagsterRunStatus.FAILURE

    landed.write_bytes(good)
    run = untrained.launch("--job", "build_features", config=ONE_DAY)

    assert run.status == dg.DagsterRunStatus.SUCCESS
    assert all(untrained.checks(run).values())
    for table, digest in digests.items():
        assert read_manifest(untrained.settings.published, table).digest == digest
