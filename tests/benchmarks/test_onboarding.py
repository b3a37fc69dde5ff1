"""Tables that somebody could come with, and what is reported of the way from them to a champion."""

import sqlite3
from contextlib import closing
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pytest
from pyarrow.csv import read_csv
from pyarrow.parquet import read_table

from benchmarks.onboarding.measure import Onboarding, _report
from benchmarks.onboarding.sources import FIVE, NEW_ROWS, Start
from benchmarks.onboarding.tables import TABLES
from benchmarks.processes import Usage

ROWS = 3000


@pytest.mark.parametrize("start", FIVE, ids=lambda start: start.table)
def test_a_table_has_its_rows_its_key_and_later_ones_beside_it(
    start: Start, tmp_path: Path
) -> None:
    data, new = start.write(tmp_path, ROWS)
    if start.kind == "db":
        file, _, name = data.removeprefix("sqlite:///").partition("#")
        with closing(sqlite3.connect(file)) as connection:
            cursor = connection.execute(f"SELECT * FROM {name}")
            columns = [column for column, *_ in cursor.description]
            known = pa.table(dict(zip(columns, zip(*cursor, strict=True), strict=True)))
    else:
        known = read_csv(data) if start.kind == "csv" else read_table(data)
    later = read_csv(new) if new.suffix == ".csv" else read_table(new)
    assert (known.num_rows, later.num_rows) == (ROWS, NEW_ROWS)
    assert known.column_names == later.column_names
    key = start.said.get("--entity", "").split(",")
    keys = known.select(key) if key != [""] else known
    repeated = ROWS - keys.group_by(keys.column_names).aggregate([]).num_rows
    assert (repeated > 0) == (key == [""])


@pytest.mark.parametrize("name", TABLES)
def test_a_table_is_made_by_its_seed(name: str) -> None:
    first, again = (TABLES[name](500, np.random.default_rng(7)) for _ in range(2))
    assert first.equals(again)
    assert not first.equals(TABLES[name](500, np.random.default_rng(8)))


@pytest.mark.parametrize(
    ("table", "outcome"),
    [("customers", "left"), ("readings", "stopped"), ("order_lines", "returned")],
)
def test_an_outcome_is_neither_rare_nor_usual(table: str, outcome: str) -> None:
    share = pc.mean(
        TABLES[table](20_000, np.random.default_rng(1))[outcome].cast(pa.int8())
    ).as_py()
    assert 0.05 < share < 0.5


def test_a_report_says_what_failed_and_what_was_too_slow() -> None:
    fast, failed = Usage(60.0, 50.0, 10**9), Usage(5.0, 4.0, 10**8, exit_code=1)
    hungry = Usage(300.0, 200.0, 4 * 10**9)
    report = _report(
        [
            Onboarding(FIVE[0], 200_000, [fast] * 3, has_champion=True, said=""),
            Onboarding(FIVE[1], 200_000, [fast, failed], has_champion=False, said="No time."),
            Onboarding(FIVE[2], 200_000, [fast, fast, hungry, hungry][1:], True, ""),
        ],
        [Onboarding(FIVE[0], 3_000_000, [fast, hungry, fast], has_champion=True, said="")],
    )
    verdicts = [line.rpartition(": ")[2] for line in report.splitlines() if line.startswith("- `")]
    assert verdicts == ["met.", "missed.", "missed.", "missed."]
    assert "5.0 (ended with 1)" in report
    assert "`rides` of 200,000 rows ended with:\n\n```\nNo time.\n```" in report
    assert report.count("ended with:") == 1
