"""`mlops sql` on a lake of a few rows."""

import csv
import io
from datetime import date

import pyarrow as pa
import pytest
from click.testing import CliRunner, Result

from mlops_platform.cli import main
from mlops_platform.settings import Settings
from tests.data.landing.landed import landed


@pytest.fixture
def lake(home: Settings) -> Settings:
    rows = pa.table({"id": [f"{at:03}" for at in range(150)], "note": ["[red]", *["plain"] * 149]})
    landed(home.landing, "readings", date(2024, 3, 1), rows)
    return home


def _sql(*arguments: str) -> Result:
    return CliRunner(env={"COLUMNS": "160"}).invoke(main, ["sql", *arguments])


def test_an_empty_lake_lists_nothing(home: Settings) -> None:
    listed = _sql()
    assert listed.exit_code == 0
    assert "schema" in listed.output
    assert "landing" not in listed.output


def test_without_a_query_it_lists_what_there_is(lake: Settings) -> None:
    (line,) = [line for line in _sql().output.splitlines() if "readings" in line]
    assert "landing" in line
    assert "150" in line


def test_a_long_answer_is_cut_and_says_so(lake: Settings) -> None:
    shown = _sql("from landing.readings order by id").output
    assert "099" in shown
    assert "100 " not in shown.replace("the first 100 rows", "")
    assert "the first 100 rows; --csv and --json give all of them" in shown


def test_csv_gives_every_row(lake: Settings) -> None:
    rows = list(csv.DictReader(io.StringIO(_sql("--csv", "from landing.readings").output)))
    assert len(rows) == 150
    assert rows[0]["id"] == "000"


def test_values_are_shown_as_they_are(lake: Settings) -> None:
    assert "[red]" in _sql("select note from landing.readings order by id limit 1").output


@pytest.mark.parametrize(
    "statement",
    [
        "DROP VIEW landing.readings",
        "CREATE TABLE copied AS FROM landing.readings",
        "FROM landing.readings; DROP VIEW landing.readings",
        "SET threads = 1",
        " -- nothing",
    ],
)
def test_what_is_no_query_is_refused(lake: Settings, statement: str) -> None:
    refused = _sql(statement)
    assert refused.exit_code == 1
    assert "read-only" in refused.output


def test_a_pivot_is_a_query(lake: Settings) -> None:
    shown = _sql("PIVOT landing.readings ON note USING count(*) GROUP BY day")
    assert shown.exit_code == 0
    assert "149" in shown.output
