"""Times that clocks take away or give twice are counted, as a landing would refuse them."""

from collections.abc import Callable

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from mlops_platform.data.profiling.expressions.clock_changes import (
    clock_change_finding,
    clock_changes,
)
from mlops_platform.data.profiling.scan import scan_files
from mlops_platform.data.profiling.scanned_table import ScannedTable

Scan = Callable[..., ScannedTable]
TIMES = "a,b\n2024-03-31 02:14:19,x\n2024-10-27 02:59:59,y\n2024-10-27 03:00:00,z\n,w\n"


def counts(table: ScannedTable, zone: str) -> list[tuple[str, int]]:
    columns = [column for column in table.profile.columns if column.kind in {"moment", "date"}]
    return [(changes.column, changes.rows) for changes in clock_changes(table, columns, zone)]


@pytest.mark.parametrize(
    ("zone", "expected"),
    [("Europe/Berlin", [("a", 2)]), ("UTC", []), ("America/New_York", [])],
)
def test_times_of_changed_hours_are_counted(
    scanned: Scan, zone: str, expected: list[tuple[str, int]]
) -> None:
    assert counts(scanned(TIMES), zone) == expected


def test_a_time_that_says_its_offset_exists_once(scanned: Scan) -> None:
    offset = TIMES.replace(",x", "+01:00,x").replace("2024-10-27 03", "2024-10-27T03")
    table = scanned(offset)
    assert table.profile.column("a").type == "TIMESTAMP WITH TIME ZONE"
    # The other one among them does not say it.
    assert counts(table, "Europe/Berlin") == [("a", 1)]


def test_a_day_begins_at_a_midnight_that_may_not_exist(scanned: Scan) -> None:
    table = scanned("on_day,b\n2024-03-10,x\n2024-03-11,y\n")
    assert counts(table, "America/Havana") == [("on_day", 1)]


def test_times_of_parquet_are_counted_too(tmp_path) -> None:
    file = tmp_path / "times.parquet"
    moments = pa.array([1711851259, 1711937659], pa.timestamp("s"))
    pq.write_table(pa.table({"a": moments, "z": moments.cast(pa.timestamp("s", "UTC"))}), file)
    with scan_files([file]) as table:
        assert counts(table, "Europe/Berlin") == [("a", 1)]


def test_the_finding_has_count_example_and_fix(scanned: Scan) -> None:
    table = scanned(TIMES)
    finding = clock_change_finding(clock_changes(table, table.profile.columns[:1], "Europe/Berlin"))
    assert (finding.kind, finding.level, finding.columns) == ("clock_change", "warn", ("a",))
    assert "2 times of 'a' do not exist or exist twice" in finding.text
    assert "2024-03-31 02:14:19 does not exist in Europe/Berlin" in finding.text
    assert str(finding.fix).startswith("--clock-change earlier")
