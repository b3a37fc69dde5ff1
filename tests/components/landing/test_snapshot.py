"""Files without any time: which day they are of, and what becomes of a day without a file."""

from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

import dagster as dg
import pytest

from mlops_platform.components import SnapshotLandingComponent
from mlops_platform.components.replays import REPLAYED_TAG
from mlops_platform.data.landing.contract import landed_types
from mlops_platform.data.landing.deliveries import is_landed, landed_rows
from mlops_platform.settings import Settings
from tests.components.landing.declared import declared_landing

DATED = {
    "pattern": "machines_{day}.csv",
    "partitions": {"start": "2024-03-10", "end": "2024-03-13", "timezone": "UTC"},
}
TENTH, ELEVENTH = date(2024, 3, 10), date(2024, 3, 11)


def write(folder: Path, name: str, rows: int) -> None:
    lines = [f"m{row},{row}.5" for row in range(rows)]
    (folder / name).write_text("\n".join(("machine,load", *lines)) + "\n")


def land(folder: Path, day: date | None, **declared: Any) -> dg.ExecuteInProcessResult:
    """Materialise the asset that the YAML declares, of one day where it has days."""
    replayed = declared.pop("replayed", None)
    attributes = {
        "table": "machines",
        "description": "Machines.",
        "folder": str(folder),
        "key": ["machine"],
        "types": {"load": "DOUBLE"},
        "owners": ["team:me"],
        **declared,
    }
    with declared_landing(SnapshotLandingComponent, attributes) as asset:
        return dg.materialize(
            [asset],
            partition_key=str(day) if day else None,
            tags={REPLAYED_TAG: replayed.isoformat()} if replayed else None,
            raise_on_error=False,
        )


def failure_of(result: dg.ExecuteInProcessResult) -> str:
    (failure,) = result.get_step_failure_events()
    return str(failure.step_failure_data.error)


def test_a_dated_file_is_its_day_and_a_late_one_is_waited_for(
    home: Settings, tmp_path: Path
) -> None:
    refused = land(tmp_path, TENTH, **DATED)
    assert "machines_{day}.csv has no file of 2024-03-10" in failure_of(refused)
    write(tmp_path, "machines_2024-03-10.csv", 3)
    assert land(tmp_path, TENTH, **DATED).success
    assert land(tmp_path, ELEVENTH, **DATED).success
    assert landed_rows(home.landing, "machines", TENTH) == 3
    assert not is_landed(home.landing, "machines", ELEVENTH)
    write(tmp_path, "machines_2024-03-11.csv", 4)
    assert land(tmp_path, ELEVENTH, **DATED).success
    assert landed_rows(home.landing, "machines", ELEVENTH) == 4


def test_a_file_that_is_written_anew_is_of_the_day_of_its_delivery(
    home: Settings, tmp_path: Path
) -> None:
    declared = {"pattern": "machines.csv", "timezone": "America/New_York"}
    for hour, rows in ((3, 2), (5, 3), (6, 3)):
        write(tmp_path, "machines.csv", rows)
        replayed = datetime(2024, 3, 11, hour, tzinfo=UTC)
        assert land(tmp_path, None, **declared, replayed=replayed).success
    # At three it is still the tenth in New York.
    assert landed_rows(home.landing, "machines", TENTH) == 2
    assert landed_rows(home.landing, "machines", ELEVENTH) == 3
    write(tmp_path, "machines.csv", 1)
    refused = land(tmp_path, None, **declared, replayed=replayed)
    assert "lacks 2 of its 3 rows, more than max_gone=0.1 allows" in failure_of(refused)


@pytest.mark.parametrize("declared", [{"pattern": "m_{day}.csv"}, {**DATED, "pattern": "m.csv"}])
def test_a_day_in_the_pattern_and_partitions_belong_together(
    home: Settings, tmp_path: Path, declared: dict[str, Any]
) -> None:
    with pytest.raises(Exception, match="Error while building") as raised:
        land(tmp_path, TENTH, **declared)
    told = str(raised.value.__cause__)
    assert told.startswith(f"pattern: '{declared['pattern']}' is not usable. Files of their own")


def test_the_yaml_says_how_files_are_read_and_how_columns_move(
    home: Settings, tmp_path: Path
) -> None:
    german = {"csv": {"delimiter": ";", "decimal": ","}, "null_values": ["", "NA"]}
    lines = ["machine;load;note", "m0;1,5;NA", "m1;2,5;x", "m1;2,5;x"]
    (tmp_path / "machines_2024-03-10.csv").write_text("\n".join(lines))
    refused = land(tmp_path, TENTH, **DATED, **german)
    assert "declare `duplicates: drop`" in failure_of(refused)
    assert land(tmp_path, TENTH, **DATED, **german, duplicates="drop").success
    (tmp_path / "machines_2024-03-11.csv").write_text("machine;current\nm0;3,25\n")
    moved = {"renamed": {"current": "load"}, "optional": ["note"], "order_by": ["current"]}
    types = {"current": "DOUBLE"}
    assert land(tmp_path, ELEVENTH, **{**DATED, **german, **moved, "types": types}).success
    assert landed_types(home.landing / "machines") == {
        "machine": "VARCHAR",
        "load": "DOUBLE",
        "current": "DOUBLE",
        "note": "VARCHAR",
    }


def test_columns_that_files_lack_are_named(home: Settings, tmp_path: Path) -> None:
    write(tmp_path, "machines_2024-03-10.csv", 1)
    absent = land(tmp_path, TENTH, **DATED, columns={"machine": "machine", "site": "place"})
    assert "lacks ['place']. Its columns are ['load', 'machine']" in failure_of(absent)
    unknown = land(tmp_path, TENTH, **{**DATED, "key": ["serial"]})
    assert "key=['serial'], order_by=[] of machines name no key" in failure_of(unknown)
    unread = land(tmp_path, TENTH, **{**DATED, "types": {"machine": "INTEGER"}})
    assert "csv, line 2, column 'machine': 'm0' is no INTEGER" in failure_of(unread)
