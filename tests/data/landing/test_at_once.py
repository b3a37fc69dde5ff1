"""Two processes that land the same day at once: none of what they bring is lost without a word."""

import subprocess
import sys
from datetime import date
from pathlib import Path

import pytest

from mlops_platform.data.landing.deliveries import day_folder, day_rows, delivery_folders
from mlops_platform.data.landing.landed_table import LandedTable
from tests.data.landing.landed import landed, table_of

DAY = date(2024, 3, 1)
VISITS = LandedTable(table="visits", key=("id",), max_gone=1)
PROGRAM = """
import sys
from datetime import UTC, date, datetime
from pathlib import Path
import pyarrow as pa
from mlops_platform.data.landing.landed_table import LandedTable
from mlops_platform.data.landing.landing import Arrival, land_day
from mlops_platform.errors import DataError

root, value, day = Path(sys.argv[1]), float(sys.argv[2]), date(2024, 3, 1)
table = LandedTable(table="visits", key=("id",), max_gone=1)
rows = pa.table({"id": ["a", "b"], "value": [value, 2.0]})
arrival = Arrival.begun(root, "visits", [day], datetime(2024, 4, 1, 13, tzinfo=UTC))
print("begun", flush=True)
sys.stdin.readline()
try:
    print("landed" if land_day(root, table, day, rows, arrival).changed else "nothing new")
except DataError as error:
    print(error)
"""


def land_at_once(root: Path, *values: float) -> list[str]:
    """What each process says; none lands before all have begun."""
    processes = [
        subprocess.Popen(
            [sys.executable, "-c", PROGRAM, str(root), str(value)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )
        for value in values
    ]
    for process in processes:
        assert process.stdout is not None
        assert process.stdout.readline() == "begun\n"
    for process in processes:
        assert process.stdin is not None
        process.stdin.write("go\n")
        process.stdin.flush()
    return sorted(process.communicate(timeout=60)[0].strip() for process in processes)


def values_of(root: Path) -> set[float]:
    return {row["value"] for row in day_rows(VISITS, day_folder(root, "visits", DAY)).to_pylist()}


@pytest.mark.parametrize("landed_before", [False, True])
def test_of_different_content_one_lands_and_the_other_is_told_which(
    tmp_path: Path, landed_before: bool
) -> None:
    if landed_before:
        landed(tmp_path, VISITS, DAY, table_of(id=["a", "b"], value=[0.0, 2.0]))
    done, refused = land_at_once(tmp_path, 1.0, 3.0)
    deliveries = delivery_folders(day_folder(tmp_path, "visits", DAY))
    assert done == "landed"
    assert len(deliveries) == 1 + landed_before
    assert "another delivery (2024-04-01T13:00:00+00:00, 2 rows) landed" in refused
    assert values_of(tmp_path) in ({1.0, 2.0}, {3.0, 2.0})


@pytest.mark.parametrize("landed_before", [False, True])
def test_equal_content_lands_once_and_both_succeed(tmp_path: Path, landed_before: bool) -> None:
    if landed_before:
        landed(tmp_path, VISITS, DAY, table_of(id=["a", "b"], value=[0.0, 2.0]))
    assert land_at_once(tmp_path, 1.0, 1.0) == ["landed", "nothing new"]
    assert len(delivery_folders(day_folder(tmp_path, "visits", DAY))) == 1 + landed_before
    assert values_of(tmp_path) == {1.0, 2.0}
