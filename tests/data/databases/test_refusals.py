"""What becomes of databases that do not say plainly what is in them: cases of the document."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, date, datetime
from typing import Any

import pytest

from mlops_platform.data.databases.relation_source import RelationSource
from mlops_platform.data.landing.landed_table import LandedTable
from mlops_platform.data.parquet import read_parquet
from mlops_platform.errors import DataError
from mlops_platform.settings import Settings
from tests.data.databases.conftest import Databases
from tests.data.landing.landed import begun, first_file
from tests.documents.cases import Case, refuse_undocumented

DAY = date(2024, 3, 10)
NOON = "'2024-03-10 12:00:00'"


@dataclass(frozen=True)
class DatabaseCase:
    """A case, and what shows it.

    Args:
        kind: of the database.
        column: type of the column `value`.
        values: SQL of its values, of rows whose `id` counts from 1.
        at: type and value of the column `at` of all rows.
        statements: that are run besides.
        relation: that is read.
        declared: of the source or its table, where it is not the usual.
        lands: values of the landed rows by their key; None where they are refused.
    """

    case: Case
    kind: str
    column: str
    values: Sequence[str]
    at: tuple[str, str] = ("TIMESTAMP", NOON)
    statements: Sequence[str] = ()
    relation: str = "visits"
    declared: Mapping[str, Any] = field(default_factory=dict)
    lands: Mapping[int, Any] | None = None

    @property
    def script(self) -> list[str]:
        """What makes the database."""
        kind, moment = self.at
        rows = ", ".join(
            f"({number}, {moment}, {value})" for number, value in enumerate(self.values, 1)
        )
        table = f'CREATE TABLE visits (id INTEGER, "at" {kind}, value {self.column})'
        before = [line for line in self.statements if line.startswith("CREATE TYPE")]
        after = [line for line in self.statements if line not in before]
        return [*before, table, f"INSERT INTO visits VALUES {rows}", *after]


def case(given: str, now: str, reads: str = "") -> Case:
    return Case(given, "no such option", now, reads)


def typed(kind: str) -> dict[str, Any]:
    return {"casts": {"value": kind}}


NEW_YORK = {"timezone": "America/New_York"}
LANDS, REFUSED = "lands", "refused"
DECIMAL = "refused, as in a file, until `types` says as what it lands"

CASES = [
    DatabaseCase(
        case(
            "SQLite: a text in a column of numbers",
            REFUSED,
            "row 2, column 'value': 'n/a' is no INTEGER. SQLite keeps whatever is written",
        ),
        *("sqlite", "INTEGER", ["1", "'n/a'"]),
    ),
    DatabaseCase(
        case(
            "SQLite: an empty text in a column of numbers, as its `.import` leaves it",
            REFUSED,
            "row 2, column 'value': '' is no INTEGER",
        ),
        *("sqlite", "INTEGER", ["1", "''"]),
    ),
    DatabaseCase(
        case("SQLite: the same through a view with `NULLIF(value, '')`", LANDS),
        *("sqlite", "INTEGER", ["1", "''"]),
        statements=["CREATE VIEW clean AS SELECT id, at, NULLIF(value, '') AS value FROM visits"],
        relation="clean",
        lands={1: 1, 2: None},
    ),
    DatabaseCase(
        case(
            "SQLite: a fraction in a column of whole numbers",
            REFUSED,
            "row 1, column 'value': 1.5 is no INTEGER",
        ),
        *("sqlite", "INTEGER", ["1.5"]),
    ),
    DatabaseCase(
        case("SQLite: `BOOLEAN`, of which it keeps 0 and 1", "lands as booleans"),
        *("sqlite", "BOOLEAN", ["0", "1", "NULL"]),
        lands={1: False, 2: True, 3: None},
    ),
    DatabaseCase(
        case("SQLite: 2 in a `BOOLEAN`", REFUSED, "row 2, column 'value': 2 is no BOOLEAN"),
        *("sqlite", "BOOLEAN", ["1", "2"]),
    ),
    DatabaseCase(
        case("SQLite: `DECIMAL`, of which it keeps floating-point numbers", "lands as DOUBLE"),
        *("sqlite", "DECIMAL(10,2)", ["1", "2.25"]),
        lands={1: 1.0, 2: 2.25},
    ),
    DatabaseCase(
        case(
            "SQLite: a whole number in a `DECIMAL` that DOUBLE would round",
            REFUSED,
            "column 'value': 9007199254740993 is no DECIMAL(18)",
        ),
        *("sqlite", "DECIMAL(18)", ["9007199254740993"]),
    ),
    DatabaseCase(
        case("SQLite: `DATE`, a text like 2024-03-10", "lands as DATE"),
        *("sqlite", "DATE", ["'2024-03-10'"]),
        lands={1: DAY},
    ),
    DatabaseCase(
        case(
            "SQLite: another text in a `DATE`",
            REFUSED,
            "row 2, column 'value': '10.3.2024' is no DATE",
        ),
        *("sqlite", "DATE", ["'2024-03-10'", "'10.3.2024'"]),
    ),
    DatabaseCase(
        case("SQLite: a `DATETIME` whose texts have offsets", "lands as TIMESTAMPTZ"),
        *("sqlite", "DATETIME", ["'2024-03-10T01:00:00Z'", "'2024-03-10 01:00:00+02:00'"]),
        lands={
            1: datetime(2024, 3, 10, 1, tzinfo=UTC),
            2: datetime(2024, 3, 9, 23, tzinfo=UTC),
        },
    ),
    DatabaseCase(
        case(
            "SQLite: a time column that is no time in some row",
            REFUSED,
            "column 'at': 'yesterday' is no time from the years 1 to 9999",
        ),
        *("sqlite", "INTEGER", ["1"]),
        at=("TEXT", "'yesterday'"),
    ),
    DatabaseCase(
        case(
            "SQLite: a time column with seconds since 1970",
            REFUSED,
            "column 'at': '1710072000' is no time from the years 1 to 9999",
        ),
        *("sqlite", "INTEGER", ["1"]),
        at=("DATETIME", "1710072000"),
    ),
    DatabaseCase(
        case("SQLite: the same through a view with `datetime(at, 'unixepoch')`", LANDS),
        *("sqlite", "INTEGER", ["1"]),
        at=("DATETIME", "1710072000"),
        statements=[
            "CREATE VIEW dated AS SELECT id, datetime(at, 'unixepoch') AS at, value FROM visits"
        ],
        relation="dated",
        lands={1: 1},
    ),
    DatabaseCase(
        case(
            "a time that is NULL",
            "refused, or left out and told with `without_time: leave_out`",
            "column 'at': there is no time (in 1 rows)",
        ),
        *("sqlite", "INTEGER", ["1"]),
        at=("DATETIME", "NULL"),
    ),
    DatabaseCase(
        case(
            "a local time that the clocks left out",
            "refused, or read by `clock_change`",
            "2024-03-10 02:30:00 does not exist in America/New_York",
        ),
        *("postgres", "INTEGER", ["1"]),
        at=("TIMESTAMP", "'2024-03-10 02:30:00'"),
        declared=NEW_YORK,
    ),
    DatabaseCase(
        case(
            "Postgres: `numeric(10,2)`",
            DECIMAL,
            "column 'value' is DECIMAL(10,2), which cannot be landed. Declare DOUBLE (rounded) or",
        ),
        *("postgres", "numeric(10,2)", ["1.1"]),
    ),
    DatabaseCase(
        case("the same with `types: {value: DOUBLE}`", LANDS),
        *("postgres", "numeric(10,2)", ["1.1"]),
        declared=typed("DOUBLE"),
        lands={1: 1.1},
    ),
    DatabaseCase(
        case(
            "Postgres: `numeric` without digits, as `avg` gives it",
            DECIMAL,
            "column 'value' is DECIMAL(6,3), which cannot be landed",
        ),
        *("postgres", "numeric", ["100.125", "2"]),
    ),
    DatabaseCase(
        case(
            "Postgres: `numeric` with more digits than any type has",
            REFUSED,
            "column 'value' is a numeric with 41 digits, and only 38 can be read",
        ),
        *("postgres", "numeric", ["1e40"]),
    ),
    DatabaseCase(
        case(
            "Postgres: `NaN` in a `numeric`",
            REFUSED,
            "column 'value' is a numeric with NaN, and only 38 can be read",
        ),
        *("postgres", "numeric", ["'NaN'"]),
    ),
    DatabaseCase(
        case(
            "Postgres: `infinity` in a date",
            "refused; its driver gives 9999-12-31",
            "row 1, column 'value': 'infinity' is no date of the years 1 to 9999",
        ),
        *("postgres", "date", ["'infinity'"]),
    ),
    DatabaseCase(
        case(
            "Postgres: a year before Christ",
            REFUSED,
            "'0044-03-15 00:00:00 BC' is no timestamp of the years 1 to 9999",
        ),
        *("postgres", "timestamp", ["'0044-03-15 BC'"]),
    ),
    DatabaseCase(
        case("Postgres: an enum", "lands as its text"),
        *("postgres", "mood", ["'glad'"]),
        statements=["CREATE TYPE mood AS ENUM ('glad', 'sad')"],
        lands={1: "glad"},
    ),
    DatabaseCase(
        case("Postgres: an array, JSON, an interval and the like", "lands as its text"),
        *("postgres", "integer[]", ["array[1, 2]"]),
        lands={1: "{1,2}"},
    ),
    DatabaseCase(
        case(
            "DuckDB: `HUGEINT`, as a sum of whole numbers is",
            "refused, as in a file, until `types` says as what it lands; Parquet would round it",
            "column 'value' is DECIMAL(38,0), which cannot be landed",
        ),
        *("duckdb", "HUGEINT", ["1"]),
    ),
    DatabaseCase(
        case("the same with `types: {value: BIGINT}`", LANDS),
        *("duckdb", "HUGEINT", ["9007199254740993"]),
        declared=typed("BIGINT"),
        lands={1: 9007199254740993},
    ),
    DatabaseCase(
        case(
            "DuckDB: a list",
            "refused, as in a file, until `types` says as what it lands",
            "column 'value' is INTEGER[], which cannot be landed",
        ),
        *("duckdb", "INTEGER[]", ["[1]"]),
    ),
    DatabaseCase(
        case(
            "a value that is none of its declared type",
            "refused, with the relation in place of a file",
            "is no BIGINT, and would be rounded. Correct it, or declare DOUBLE",
        ),
        *("duckdb", "DOUBLE", ["1.5"]),
        declared=typed("BIGINT"),
    ),
    DatabaseCase(
        case("a misspelt table", REFUSED, "has no 'visit'. Did you mean 'visits'?"),
        *("postgres", "INTEGER", ["1"]),
        relation="visit",
    ),
    DatabaseCase(
        case(
            "a misspelt time column",
            REFUSED,
            "has no column 'att'. Did you mean 'at'?",
        ),
        *("duckdb", "INTEGER", ["1"]),
        declared={"time_column": "att"},
    ),
    DatabaseCase(
        case(
            "a column that `columns` names and the relation lacks",
            REFUSED,
            "lacks ['price']. Its columns are ['at', 'id']",
        ),
        *("sqlite", "INTEGER", ["1"]),
        declared={"columns": {"id": "id", "at": "at", "price": "price"}},
    ),
]


@pytest.mark.parametrize("given", CASES, ids=lambda given: given.case.given)
def test_databases(given: DatabaseCase, databases: Databases, home: Settings) -> None:
    url = databases.make(given.kind, given.script)
    declared = {
        "landed": LandedTable(table="visits", key=("id",)),
        "timezone": "UTC",
        "time_column": "at",
        **given.declared,
    }
    source = RelationSource(url, given.relation, declared)
    arrival = begun(home.landing, "visits", [DAY], datetime(2024, 12, 1, tzinfo=UTC))
    if given.lands is None:
        with pytest.raises(DataError) as refused:
            source.land(home.landing, arrival)
        assert given.case.reads in str(refused.value)
        assert given.case.reads
        assert str(home.spill) not in str(refused.value)
    else:
        source.land(home.landing, arrival)
        rows = read_parquet(first_file(home.landing, "visits", DAY)).to_pylist()
        assert {row["id"]: row["value"] for row in rows} == given.lands
    assert not list(home.spill.glob("*"))


def test_every_case_is_documented() -> None:
    refuse_undocumented("Databases", [given.case for given in CASES])
