"""Files of rows without time, read as all files are; cases of `docs/refusals.md`."""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from mlops_platform.data.landing.deliveries import is_landed
from mlops_platform.data.landing.files.csv_dialect import CsvDialect
from mlops_platform.data.landing.landed_table import LandedTable
from mlops_platform.data.landing.landing import LandedPartition
from mlops_platform.data.landing.snapshot_source import SnapshotSource
from mlops_platform.data.parquet import read_parquet
from mlops_platform.errors import DataError
from tests.data.landing.landed import begun, first_file
from tests.documents.cases import Case, refuse_undocumented

FIRST, SECOND, THIRD = (date(2024, 3, day) for day in (10, 11, 12))
WHOLE = "id,value\na,1\nb,2\n"
TYPED = {"casts": {"value": "BIGINT"}}


@dataclass(frozen=True)
class SnapshotCase:
    """A case, and what shows it.

    Args:
        second: the file of the second day; that of the first is whole.
        declared: of the source, where it is not the usual.
        lands: values of the second day by their key; None where it is refused.
    """

    case: Case
    second: str
    declared: Mapping[str, Any] = field(default_factory=dict)
    lands: Mapping[str, Any] | None = None


SNAPSHOTS = [
    SnapshotCase(
        Case(
            "a snapshot with 1.6 in a BIGINT column",
            "landed as 2",
            "refused with its file, line and the type to declare",
            "x_2024-03-11.csv, line 3, column 'value': '1.6' is no BIGINT, and would be rounded",
        ),
        "id,value\na,1\nb,1.6\n",
        TYPED,
    ),
    SnapshotCase(
        Case(
            "a snapshot with `;` between values",
            "landed by a guess",
            "refused until it is declared",
            "x_2024-03-11.csv, line 1: there is one column, 'id;value', by the delimiter ','",
        ),
        "id;value\na;1\n",
        TYPED,
    ),
    SnapshotCase(
        Case(
            "a snapshot without `types` whose table has landed as BIGINT",
            "refused as text",
            "lands as BIGINT",
            "",
        ),
        "id,value\na,007\nb,8\n",
        lands={"a": 7, "b": 8},
    ),
    SnapshotCase(
        Case(
            "a column that a later snapshot lacks",
            "refused as if its type had been misspelt",
            "refused, with the lines that allow it",
            "x of 2024-03-11: columns ['value'] are lacking; what comes has ['id']",
        ),
        "id\na\nb\n",
        TYPED,
    ),
    SnapshotCase(
        Case("such a column with `optional: [value]`", "no such option", "NULL in that day", ""),
        "id\na\nb\n",
        {"landed": LandedTable(table="x", key=("id",), optional=("value",))},
        lands={"a": None, "b": None},
    ),
]


@pytest.fixture
def source(tmp_path: Path) -> SnapshotSource:
    """Of which the first day has landed."""
    folder = tmp_path / "delivered"
    folder.mkdir()
    (folder / f"x_{FIRST}.csv").write_text(WHOLE)
    source = SnapshotSource(
        landed=LandedTable(table="x", key=("id",)),
        folder=folder,
        pattern="x_{day}.csv",
        timezone="Europe/Berlin",
    )
    land(replace(source, **TYPED), tmp_path, FIRST)
    return source


def land(source: SnapshotSource, root: Path, *days: date) -> list[LandedPartition]:
    landing = root / "landing"
    arrival = begun(landing, "x", days, datetime(2024, 3, 12, 12, tzinfo=UTC))
    return [*source.land(landing, arrival).days]


def values_of(root: Path, day: date) -> dict[str, Any]:
    rows = read_parquet(first_file(root / "landing", "x", day)).to_pylist()
    return {row["id"]: row.get("value") for row in rows}


@pytest.mark.parametrize("given", SNAPSHOTS, ids=lambda given: given.case.given)
def test_snapshots(given: SnapshotCase, source: SnapshotSource, tmp_path: Path) -> None:
    (source.folder / f"x_{SECOND}.csv").write_text(given.second)
    declared = replace(source, **given.declared)
    if given.lands is not None:
        land(declared, tmp_path, SECOND)
        assert values_of(tmp_path, SECOND) == given.lands
        return
    with pytest.raises(DataError) as refused:
        land(declared, tmp_path, SECOND)
    assert given.case.reads in str(refused.value)
    assert given.case.reads
    assert not is_landed(tmp_path / "landing", "x", SECOND)


def test_the_document_shows_these_cases() -> None:
    refuse_undocumented("Data without a clock", [given.case for given in SNAPSHOTS])


def test_days_are_read_one_by_one_and_one_without_a_file_stays_open(
    source: SnapshotSource, tmp_path: Path
) -> None:
    fourth = THIRD + timedelta(days=1)
    (source.folder / f"x_{SECOND}.csv").write_text("id,value\na,3\n")
    (source.folder / f"x_{fourth}.csv").write_text("id,value\na,much\n")
    with pytest.raises(DataError, match=r"x_2024-03-13\.csv, line 2, column 'value': 'much'"):
        land(source, tmp_path, SECOND, THIRD, fourth)
    # What is wrong with the fourth day keeps none before it from landing.
    assert values_of(tmp_path, SECOND) == {"a": 3}
    assert not is_landed(tmp_path / "landing", "x", THIRD)


def test_a_snapshot_of_nothing_is_a_day_without_rows(
    source: SnapshotSource, tmp_path: Path
) -> None:
    (source.folder / f"x_{SECOND}.csv").write_text("id,value\n")
    (landed,) = land(source, tmp_path, SECOND)
    assert (landed.rows, landed.changed) == (0, True)


def test_a_local_time_in_a_snapshot_is_read_where_its_day_is(
    source: SnapshotSource, tmp_path: Path
) -> None:
    pattern, table = "y.csv", LandedTable(table="x", key=("id",), types={"value": "TIMESTAMPTZ"})
    timed = replace(source, pattern=pattern, landed=table, casts=dict(table.types))
    (source.folder / pattern).write_text("id,value\na,2024-03-31 02:30\n")
    root = tmp_path / "timed"
    with pytest.raises(DataError, match=r"02:30:00 does not exist in Europe/Berlin.*clock_change"):
        land(timed, root, FIRST)
    land(replace(timed, clock_change="later"), root, FIRST)
    assert values_of(root, FIRST) == {"a": datetime(2024, 3, 31, 1, 30, tzinfo=UTC)}


def test_the_dialect_of_snapshots_is_declared(source: SnapshotSource, tmp_path: Path) -> None:
    german = replace(source, dialect=CsvDialect(delimiter=";", thousands=".", decimal=","))
    (source.folder / f"x_{SECOND}.csv").write_text("id;value\na;1.234\n")
    land(german, tmp_path, SECOND)
    assert values_of(tmp_path, SECOND) == {"a": 1234}
