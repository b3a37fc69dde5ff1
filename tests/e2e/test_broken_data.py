"""Broken data is never published: training keeps the last good days."""

from pathlib import Path

import dagster as dg
import duckdb
import pytest

from mlops_platform.data.features.builds import STATE_FILE
from mlops_platform.data.features.published import read_manifest
from tests.data.landing.landed import first_file

pytestmark = pytest.mark.slow

DAY = "2013-01-20"
ONE_DAY = {"ops": {"dbt_features": {"config": {"start_day": DAY, "end_day": DAY}}}}
TABLES = ("flight_features", "flight_labels")


def _break(file: Path) -> None:
    """Half of a landed day loses its carrier, as after a faulty export of the source."""
    broken = file.with_suffix(".broken")
    duckdb.sql(
        f"COPY (SELECT * REPLACE (CASE WHEN flight_number % 2 = 0 THEN carrier END AS carrier) "
        f"FROM read_parquet('{file}', hive_partitioning = false)) TO '{broken}' (FORMAT parquet)"
    )
    broken.replace(file)


def _published(untrained) -> dict[str, bytes]:
    folder = untrained.settings.published
    files = (file for file in folder.rglob("*") if file.is_file() and file.name != STATE_FILE)
    return {str(file): file.read_bytes() for file in files}


def test_broken_data_is_not_published_until_the_same_build_finds_them_good_again(
    untrained,
) -> None:
    before = _published(untrained)
    digests = {table: read_manifest(untrained.settings.published, table).digest for table in TABLES}
    landed = first_file(untrained.settings.landing, "flight_schedules", DAY)
    good = landed.read_bytes()
    _break(landed)

    run = untrained.launch("--job", "build_features", config=ONE_DAY)

    assert run.status == dg.DagsterRunStatus.FAILURE
    assert _published(untrained) == before
    (failure,) = untrained.events(run, dg.DagsterEventType.STEP_FAILURE)
    message = failure.step_failure_data.error.to_string()
    failed = {name for name, passed in untrained.checks(run).items() if not passed}
    assert failed
    assert any(name in message for name in failed)
    assert "nothing was published" in message
    assert "build these days again" in message
    assert untrained.events(run, dg.DagsterEventType.ASSET_MATERIALIZATION) == []

    landed.write_bytes(good)
    run = untrained.launch("--job", "build_features", config=ONE_DAY)

    assert run.status == dg.DagsterRunStatus.SUCCESS
    assert all(untrained.checks(run).values())
    for table, digest in digests.items():
        assert read_manifest(untrained.settings.published, table).digest == digest
