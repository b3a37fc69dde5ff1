"""A folder of files as a Dagster asset: what its page and its runs say of deliveries."""

import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import dagster as dg
import pytest

from mlops_platform.components import FolderLandingComponent
from mlops_platform.data.engine import private_duckdb
from mlops_platform.data.landing.contract import landed_types
from mlops_platform.data.landing.versions import versions_sql
from mlops_platform.settings import Settings
from tests.components.landing.declared import declared_landing

DAY = "2024-03-10"
FIRST = ("a,2024-03-10 01:00:00,1", "b,2024-03-10 02:00:00,2")
NAMED = {"visit": "visit", "at": "at", "length": "minutes"}
AGAIN = ("a,2024-03-10 01:00:00,5", "c,2024-03-10 03:00:00,3")


@pytest.fixture
def source(tmp_path: Path) -> Path:
    """The folder that a source writes to."""
    folder = tmp_path / "source"
    folder.mkdir()
    return folder


def write(source: Path, rows: tuple[str, ...]) -> None:
    (source / "visits.csv").write_text("\n".join(("visit,at,minutes", *rows)) + "\n")


def land(source: Path, **declared: Any) -> dg.ExecuteInProcessResult:
    """Materialise the one day, as a person does, with what the YAML says besides."""
    retract, instance = declared.pop("retract", False), declared.pop("instance", None)
    attributes = {
        "table": "visits",
        "description": "Visits.",
        "folder": str(source),
        "pattern": "*.csv",
        "time_column": "at",
        "partitions": {"start": DAY, "end": "2024-03-12", "timezone": "UTC"},
        "key": ["visit"],
        "types": {"minutes": "INTEGER"},
        "owners": ["team:me"],
        **declared,
    }
    with declared_landing(FolderLandingComponent, attributes) as asset:
        return dg.materialize(
            [asset],
            instance=instance,
            partition_key=DAY,
            run_config={"ops": {"landing__visits": {"config": {"retract": retract}}}},
            raise_on_error=False,
        )


def metadata(result: dg.ExecuteInProcessResult) -> Mapping[str, Any]:
    (event,) = result.get_asset_materialization_events()
    return {name: value.value for name, value in event.materialization.metadata.items()}


def test_a_day_that_is_delivered_again_says_what_became_of_its_rows(
    home: Settings, source: Path
) -> None:
    write(source, FIRST)
    first = metadata(land(source, max_gone=0.5))
    assert (first["days_written"], first["days_delivered_again"], first["rows_added"]) == (1, 0, 0)
    write(source, AGAIN)
    again = metadata(land(source, max_gone=0.5))
    assert again["days_delivered_again"] == 1
    assert [again[f"rows_{what}"] for what in ("added", "changed", "gone")] == [1, 1, 1]
    assert again["dagster/row_count"] == 2
    assert again["days_to_rebuild"] == "none"
    same = metadata(land(source, max_gone=0.5))
    assert (same["days_written"], same["days_delivered_again"]) == (0, 0)


def test_a_run_that_would_take_back_too_much_fails_until_it_says_retract(
    home: Settings, source: Path
) -> None:
    write(source, FIRST)
    land(source)
    write(source, FIRST[:1])
    refused = land(source)
    assert not refused.success
    (failure,) = refused.get_step_failure_events()
    assert "lacks 1 of its 2 rows, more than max_gone=0.1 allows" in str(
        failure.step_failure_data.error
    )
    assert metadata(land(source, retract=True))["rows_gone"] == 1


def test_what_is_added_stands_beside_what_was_there(home: Settings, source: Path) -> None:
    write(source, FIRST)
    land(source, delivery="adds")
    write(source, AGAIN)
    added = metadata(land(source, delivery="adds"))
    assert [added[f"rows_{what}"] for what in ("added", "changed", "gone")] == [1, 1, 0]
    assert added["dagster/row_count"] == 3


def test_rows_that_never_land_are_told_in_the_log_and_on_the_page(
    home: Settings, source: Path
) -> None:
    rows = ("visit;at;minutes", "a;2024-03-10 01:00;1.000,5", "b;;1", "c;2024-01-01;1")
    (source / "visits.csv").write_text("\n".join(rows))
    with dg.DagsterInstance.ephemeral() as instance:
        landed = land(
            source,
            instance=instance,
            types={"minutes": "DOUBLE"},
            csv={"delimiter": ";", "decimal": ",", "thousands": "."},
            clock_change="earlier",
            without_time="leave_out",
        )
        log = [entry.user_message for entry in instance.all_logs(landed.run_id)]
    page = metadata(landed)
    assert (page["dagster/row_count"], page["days_written"]) == (1, 1)
    outside, without_time = page["left_out"].splitlines()
    assert outside.startswith("1 row from 2024-01-01 to 2024-01-01 outside the declared partitions")
    assert without_time.startswith("1 row without time")
    assert f"visits: {outside}" in log
    assert not any(home.spill.iterdir())


@pytest.mark.parametrize(
    ("declared", "message"),
    [
        ({"csv": {"delimiter": "::"}}, "csv.delimiter: '::' is not one plain character"),
        ({"csv": {"date_format": "DD.MM.YYYY"}}, "csv.date_format: .* Write '%d.%m.%Y' for it"),
        (
            {"columns": {"visit": "id", "at": "at"}, "csv": {"formats": {"vist": "%d.%m.%Y"}}},
            "csv.formats: 'vist' is no column that lands. Did you mean 'visit'",
        ),
    ],
)
def test_what_is_no_dialect_is_refused_before_anything_is_read(
    home: Settings, source: Path, declared: dict[str, Any], message: str
) -> None:
    with pytest.raises(Exception, match="Error while building") as raised:
        land(source, **declared)
    assert re.match(message, str(raised.value.__cause__))


def test_times_are_read_as_the_yaml_says(home: Settings, source: Path) -> None:
    write(source, ("a,3/10/2024 1:00 AM,5", "b,3/10/2024 11:00 PM,3"))
    assert land(source, csv={"timestamp_format": "%m/%d/%Y %I:%M %p"}).success
    other = land(source, csv={"timestamp_format": "%d/%m/%Y %I:%M %p"})
    assert not other.success


def test_the_contract_moves_by_lines_of_the_yaml(home: Settings, source: Path) -> None:
    write(source, FIRST)
    land(source)
    assert landed_types(home.landing / "visits")["minutes"] == "INTEGER"
    write(source, (FIRST[0], "b,2024-03-10 02:00:00,2.5"))
    metadata(land(source, types={"length": "DOUBLE"}, renamed={"length": "minutes"}, columns=NAMED))
    with private_duckdb() as connection:
        rows = connection.sql(
            f"SELECT visit, length, superseded_at IS NULL FROM "
            f"({versions_sql(home.landing / 'visits')}) ORDER BY ALL"
        ).fetchall()
    assert rows == [("a", 1.0, True), ("b", 2.0, False), ("b", 2.5, True)]
    write(source, (FIRST[0], "b,2024-03-10 02:00:00,3"))
    refused = land(source, types={"length": "INTEGER"}, columns=NAMED)
    (failure,) = refused.get_step_failure_events()
    assert "it has landed as DOUBLE" in str(failure.step_failure_data.error)


def test_rows_that_are_equal_or_have_no_key_are_counted(home: Settings, source: Path) -> None:
    write(source, (*FIRST, FIRST[0], ",2024-03-10 04:00:00,4"))
    landed = metadata(land(source, duplicates="drop"))
    assert landed["dagster/row_count"] == 3
    assert (landed["duplicate_rows"], landed["rows_with_null_keys"]) == (1, 1)
