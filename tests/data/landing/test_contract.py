"""What a table's contract refuses, casts and allows, from the landing to whoever reads it."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest
from pydantic import ValidationError

from mlops_platform.data.engine import private_duckdb
from mlops_platform.data.landing.adoption import adopt_files
from mlops_platform.data.landing.contract import landed_types
from mlops_platform.data.landing.deliveries import day_folder
from mlops_platform.data.landing.landed_table import LandedTable, read_state, write_state
from mlops_platform.data.landing.landing import LandedPartition, warnings_of
from mlops_platform.data.landing.verification import day_problem
from mlops_platform.data.landing.versions import versions_sql
from mlops_platform.data.parquet import write_parquet
from mlops_platform.errors import DataError
from tests.data.landing.landed import NOON, first_file, landed, minutes, table_of
from tests.documents.cases import Case, refuse_undocumented

DAYS = [date(2024, 3, day) for day in range(1, 6)]
VISITS = LandedTable(table="visits", key=("id",), max_gone=1)


@dataclass
class Table:
    """A table that days are delivered to, one after the other."""

    root: Path

    def land(self, day: int, at: float = 0, *, rows: pa.Table, **declared: Any) -> LandedPartition:
        """Deliver a day of the table, as it is declared then."""
        table = LandedTable(**{**VISITS.model_dump(), **declared})
        return landed(self.root, table, DAYS[day], rows, minutes(at))

    def refused(self, day: int, rows: pa.Table, **declared: Any) -> str:
        """The words by which a delivery is refused, and has landed nothing."""
        before = sorted(self.root.rglob("*.parquet"))
        with pytest.raises(DataError) as refusal:
            self.land(day, 9, rows=rows, **declared)
        assert sorted(self.root.rglob("*.parquet")) == before
        return str(refusal.value)

    def read(self, columns: str = "*") -> list[tuple[Any, ...]]:
        """The present rows, by day."""
        with private_duckdb() as connection:
            versions = versions_sql(self.root / "visits")
            rows = connection.sql(
                f"SELECT {columns} FROM ({versions}) WHERE superseded_at IS NULL ORDER BY day, id"
            )
            return rows.fetchall()

    def types(self) -> dict[str, str]:
        """Column types, of whoever reads, and as the contract has them."""
        with private_duckdb() as connection:
            described = connection.sql(f"DESCRIBE {versions_sql(self.root / 'visits')}").fetchall()
        read = {name: kind for name, kind, *_ in described}
        contract = landed_types(self.root / "visits")
        assert {name: read[name] for name in read if name in contract}.items() <= contract.items()
        return contract


def ids(*names: str, **columns: Sequence[Any]) -> pa.Table:
    return table_of(id=list(names), **columns)


BIGINT = ids("a", "b", value=[1, 2])
Run = Callable[[Table], str]
RUNS: dict[str, tuple[Case, Run]] = {}


def case(given: str, was: str, now: str, reads: str) -> Callable[[Run], Run]:
    """A row of the document, and what runs it."""

    def register(run: Run) -> Run:
        RUNS[given] = (Case(given, was, now, reads), run)
        return run

    return register


@case(
    "1.6 in a column that landed as BIGINT",
    "read as 2",
    "refused, with the line that makes the column wider",
    "visits of 2024-03-02: column 'value' is BIGINT and cannot hold 1.6 (DOUBLE) without loss",
)
def fraction(table: Table) -> str:
    table.land(0, rows=BIGINT)
    refusal = table.refused(1, ids("c", value=[1.6]))
    assert "Declare the wider type, `types: {value: DOUBLE}`" in refusal
    return refusal


@case(
    "whole numbers as DOUBLE, INTEGER or TINYINT in a BIGINT column",
    "the whole table took the type of its first file",
    "land as BIGINT: nothing is lost",
    "",
)
def whole_numbers(table: Table) -> str:
    table.land(0, rows=BIGINT)
    for day, kind in enumerate((pa.float64(), pa.int32(), pa.int8(), pa.float16()), 1):
        rows = pa.table({"value": pa.array([day, None], kind), "id": ["c", "d"]})
        table.land(day, rows=rows)
    assert [value for (value,) in table.read("value")] == [1, 2, 1, None, 2, None, 3, None, 4, None]
    assert table.types() == {"id": "VARCHAR", "value": "BIGINT"}
    assert len(read_state(table.root / "visits").schemas) == 1
    return ""


@case(
    "text in a number column",
    "every row of the table became text, or none could be read",
    "refused with an example, also where the text is a number's",
    "column 'value' is BIGINT and cannot hold 'n/a' (VARCHAR) without loss",
)
def text(table: Table) -> str:
    table.land(0, rows=BIGINT)
    assert "cannot hold '1' (VARCHAR)" in table.refused(1, ids("c", value=["1"]))
    return table.refused(1, ids("c", "d", value=[None, "n/a"]))


@case(
    "a number too large for its column, or with more digits than a DOUBLE has",
    "an overflow at the next build, or other digits",
    "refused",
    "column 'value' is INTEGER and cannot hold 3000000000 (BIGINT) without loss",
)
def overflow(table: Table) -> str:
    rows = pa.table({"id": ["a"], "value": pa.array([1], pa.int32()), "x": [0.5]})
    table.land(0, rows=rows)
    digits = table.refused(1, ids("a", value=[1], x=[2**53 + 1]))
    assert "cannot hold 9007199254740993 (BIGINT)" in digits
    assert "`types: {x: VARCHAR}`" in digits
    return table.refused(1, ids("a", value=[3_000_000_000], x=[1.0]))


@case(
    "a time without zone in a column of moments",
    "read as UTC, whatever it was",
    "refused",
    "column 'at' is TIMESTAMP WITH TIME ZONE and cannot hold 2024-03-02 08:00:00 (TIMESTAMP) "
    "without loss. Give its moments their time zone at the source.",
)
def naive(table: Table) -> str:
    table.land(0, rows=ids("a", at=[datetime(2024, 3, 1, 8, tzinfo=UTC)]))
    return table.refused(1, ids("a", at=[datetime(2024, 3, 2, 8)]))  # noqa: DTZ001


@case(
    "a first delivery with a column that has no value",
    "landed with type `null`; every later build failed without naming the file",
    "refused, until its type is declared",
    "column 'note' has no value yet, which says nothing of its type. Declare it",
)
def untyped(table: Table) -> str:
    rows = ids("a", note=[None])
    refusal = table.refused(0, rows)
    assert "for example `types: {note: VARCHAR}`" in refusal
    table.land(0, rows=rows, types={"note": "text"})
    assert table.types() == {"id": "VARCHAR", "note": "VARCHAR"}
    return refusal


@case(
    "a later day whose column has no value, as type `null` or any other",
    "the day was unreadable, or of another type",
    "lands as NULL in the column's type",
    "",
)
def nothing(table: Table) -> str:
    table.land(0, rows=BIGINT)
    table.land(1, rows=ids("c", value=[None]))
    table.land(2, rows=pa.table({"id": ["d"], "value": pa.array([None], pa.string())}))
    assert [value for (value,) in table.read("value")] == [1, 2, None, None]
    assert table.types()["value"] == "BIGINT"
    return ""


@case(
    "`types: {value: DOUBLE}` for a column that landed as BIGINT",
    "days of each type, read in that of the first file",
    "all days are read as DOUBLE; no file is written again; what is delivered again is compared so",
    "",
)
def widened(table: Table) -> str:
    double = {"types": {"value": "DOUBLE"}}
    table.land(0, rows=BIGINT)
    table.land(1, rows=BIGINT)
    bytes_before = first_file(table.root, "visits", DAYS[0]).read_bytes()
    table.land(1, 1, rows=ids("a", "b", value=[1.0, 2.5]), **double)
    assert not table.land(0, 2, rows=ids("a", "b", value=[1.0, 2.0]), **double).changed
    assert not table.land(0, 2, rows=BIGINT, **double).changed
    table.land(2, rows=ids("c", value=[1.6]), **double)
    assert first_file(table.root, "visits", DAYS[0]).read_bytes() == bytes_before
    assert [value for (value,) in table.read("value")] == [1.0, 2.0, 1.0, 2.5, 1.6]
    assert table.types()["value"] == "DOUBLE"
    return ""


@case(
    "`types: {value: VARCHAR}` for a column that landed as a number",
    "the same",
    "all days are read as text, and numbers that come still are made text",
    "",
)
def to_text(table: Table) -> str:
    table.land(0, rows=ids("a", value=[1.5]))
    text = {"types": {"value": "VARCHAR"}}
    table.land(1, rows=ids("b", value=["n/a"]), **text)
    table.land(2, rows=ids("c", value=[2.5]), **text)
    assert [value for (value,) in table.read("value")] == ["1.5", "n/a", "2.5"]
    return ""


@case(
    "a declared type that is narrower, or impossible",
    "a failing build, or rounded values",
    "refused; nothing has changed",
    "types: {value: INTEGER}: it has landed as BIGINT, and INTEGER does not hold all of that. "
    "Declare BIGINT",
)
def narrowed(table: Table) -> str:
    table.land(0, rows=BIGINT)
    state = read_state(table.root / "visits")
    assert "BOOLEAN does not hold" in table.refused(1, BIGINT, types={"value": "BOOLEAN"})
    assert "no type that lands" in table.refused(1, BIGINT, types={"value": "DECIMAL(9, 2)"})
    refusal = table.refused(1, BIGINT, types={"value": "int"})
    assert read_state(table.root / "visits") == state
    return refusal


@case(
    "`types: {value: DOUBLE}` where a number with more digits has landed",
    "other digits",
    "refused with the number",
    "types: {value: DOUBLE}: 9007199254740993 has landed, and DOUBLE has not all of its digits",
)
def digits(table: Table) -> str:
    table.land(0, rows=ids("a", value=[2**53 + 1]))
    return table.refused(1, ids("b", value=[0.5]), types={"value": "DOUBLE"})


@case(
    "a column that is new",
    "landed, and could not be read",
    "refused, with the lines that land it or leave it out",
    "columns ['unit'] are new; it has ['id', 'value']",
)
def unexpected(table: Table) -> str:
    table.land(0, rows=BIGINT)
    refusal = table.refused(1, ids("c", value=[1], unit=["m"]))
    lines = "Land one with `types: {unit: VARCHAR}`, or leave it out with `dropped: [unit]`."
    assert refusal.endswith(lines)
    return refusal


@case(
    "a new column with `types: {unit: VARCHAR}`, or with `dropped: [unit]`",
    "the same",
    "NULL in the days before; or left out",
    "",
)
def added(table: Table) -> str:
    unit = {"types": {"unit": "VARCHAR"}}
    table.land(0, rows=BIGINT)
    table.land(1, rows=ids("c", value=[3], extra=[1]), dropped=("extra",))
    assert table.read("id, value") == [("a", 1), ("b", 2), ("c", 3)]
    table.land(1, 1, rows=ids("c", value=[3], unit=["m"]), **unit)
    assert table.read("id, unit") == [("a", None), ("b", None), ("c", "m")]
    assert "columns ['unit'] are lacking" in table.refused(0, BIGINT, **unit)
    assert not table.land(0, 2, rows=BIGINT, optional=("unit",), **unit).changed
    return ""


@case(
    "a column that is lacking",
    "no day of the table could be read any more",
    "refused, with the lines that allow it",
    "columns ['value'] are lacking; what comes has ['id']",
)
def lacking(table: Table) -> str:
    table.land(0, rows=BIGINT)
    refusal = table.refused(1, ids("c"))
    assert "`optional: [value]`, or take it out of the table with `dropped: [value]`" in refusal
    return refusal


@case(
    "a lacking column with `optional: [value]`, or with `dropped: [value]`",
    "the same",
    "NULL in the days after; or gone for who reads, with its files as they were",
    "",
)
def dropped(table: Table) -> str:
    table.land(0, rows=BIGINT)
    table.land(1, rows=ids("c"), optional=("value",))
    assert table.read("id, value") == [("a", 1), ("b", 2), ("c", None)]
    table.land(2, rows=ids("d"), dropped=("value",))
    assert table.types() == {"id": "VARCHAR"}
    assert not table.land(0, 1, rows=BIGINT, dropped=("value",)).changed
    assert "it has landed as BIGINT" in table.refused(3, BIGINT, types={"value": "INTEGER"})
    table.land(3, rows=ids("e", value=[5]), types={"value": "BIGINT"})
    assert table.read("value") == [(1,), (2,), (None,), (None,), (5,)]
    return ""


@case(
    "a column under a new name",
    "NULL from that day on",
    "refused, with the line that renames it",
    "if it is 'value' under a new name, declare",
)
def other_name(table: Table) -> str:
    table.land(0, rows=BIGINT)
    refusal = table.refused(1, ids("c", cost=[3]))
    assert refusal.endswith("under a new name, declare `renamed: {cost: value}`.")
    return refusal


@case(
    "`renamed: {cost: value}`",
    "two columns, each NULL in half of the days",
    "one column over all days, whichever name a file or a later delivery has for it",
    "",
)
def renamed(table: Table) -> str:
    line = {"renamed": {"cost": "value"}}
    table.land(0, rows=BIGINT)
    table.land(1, rows=BIGINT)
    table.land(1, 1, rows=ids("a", "b", cost=[1, 5]), **line)
    table.land(2, rows=ids("c", cost=[3]), **line)
    assert table.land(0, 2, rows=ids("a", "b", value=[1, 4]), **line).rows_changed == 1
    both = ids("d", "e", cost=[6, None], value=[None, 7])
    table.land(3, rows=both, **line)
    contradiction = table.refused(4, ids("d", cost=[6], value=[7]), **line)
    assert "comes under two names, and a row has 7 under 'value'" in contradiction
    assert [cost for (cost,) in table.read("cost")] == [1, 4, 1, 5, 3, 6, 7]
    assert all(day_problem(table.root, "visits", day) is None for day in DAYS[:4])
    assert "the column is called 'cost' now" in table.refused(4, BIGINT, types={"value": "INT"})
    fee = {"renamed": {"fee": "cost", "cost": "value"}, "types": {"fee": "DOUBLE"}}
    table.land(0, 3, rows=ids("a", "b", value=[1, 9]), **fee)
    assert [fee for (fee,) in table.read("fee")] == [1, 9, 1, 5, 3, 6, 7]
    assert all(day_problem(table.root, "visits", day) is None for day in DAYS[:4])
    return ""


@case(
    "names that differ by case, repeat, or are empty",
    "`x_1`, `column4`, or a column of the other's values",
    "refused by name",
    "columns ['value', 'Value'] have one name: case makes no difference",
)
def names(table: Table) -> str:
    twice = pa.table([pa.array(["a"]), pa.array([1]), pa.array([2])], ["id", "value", "value"])
    assert "columns ['value', 'value'] have one name" in table.refused(0, twice)
    assert "a column has an empty name, beside ['id']" in table.refused(0, ids("a", **{"": [1]}))
    return table.refused(0, ids("a", value=[1], Value=[2]))


@case(
    "rows that are equal in all columns",
    "refused without an example",
    "refused with the key of one, and the lines that drop or number them",
    "1 rows whose ['id'] repeats that of another row, equal to it in all columns, for example "
    "{'id': 'a'}",
)
def duplicates(table: Table) -> str:
    refusal = table.refused(0, ids("a", "a", "b", value=[1, 1, 2]))
    assert "or declare `duplicates: drop`" in refusal
    return refusal


@case(
    "rows that are equal in all columns, with `duplicates: drop`",
    "refused",
    "one of each lands; the others are counted in the log, on the page and by `mlops land`",
    "visits of 2024-03-01: 2 rows were equal to others in all columns, and were dropped",
)
def drop(table: Table) -> str:
    rows = ids("a", "a", "a", "b", value=[1, 1, 1, None])
    partition = table.land(0, rows=rows, duplicates="drop")
    assert (partition.rows, partition.duplicates) == (2, 2)
    assert not table.land(0, 1, rows=rows.take([3, 2, 1, 0]), duplicates="drop").changed
    return "".join(warnings_of(partition))


@case(
    "rows that are equal in all columns, with `duplicates: number` and `numbered_by: copy`",
    "refused",
    "all land, told apart by the number, which is of the key",
    "visits of 2024-03-01: 1 rows were equal to others in all columns, and were dropped or "
    "numbered",
)
def number(table: Table) -> str:
    numbered = {"duplicates": "number", "numbered_by": "copy", "key": ("id", "copy")}
    partition = table.land(0, rows=ids("a", "a", "b", value=[1, 1, 2]), **numbered)
    assert table.read("id, value, copy") == [("a", 1, 1), ("a", 1, 2), ("b", 2, 1)]
    theirs = table.refused(1, ids("a", value=[1], copy=[1]), **numbered)
    assert "numbered_by: column 'copy' comes with the delivery" in theirs
    again = table.land(0, 1, rows=ids("a", "b", "b", value=[1, 2, 2]), **numbered)
    assert (again.rows_added, again.rows_gone) == (1, 1)
    assert table.read("id, value, copy") == [("a", 1, 1), ("b", 2, 1), ("b", 2, 2)]
    return "".join(warnings_of(partition))


@case(
    "rows of one key whose content differs",
    "refused without saying in what",
    "refused, whatever is declared of duplicates",
    "1 rows whose ['id'] repeats that of another row, with other content, for example "
    "{'id': 'a'}, which differ in ['value']",
)
def contradiction(table: Table) -> str:
    rows = ids("a", "a", "b", value=[1, None, 2], same=[0, 0, 0])
    numbered = {"duplicates": "number", "numbered_by": "copy", "key": ("id", "copy")}
    for declared in ({"duplicates": "drop"}, numbered):
        assert "which differ in ['value']" in table.refused(0, rows, **declared)
    return table.refused(0, rows)


@case(
    "NULL in a key",
    "landed without a word; a later delivery of the day was refused",
    "lands and is counted, with what it means for a later delivery",
    "visits of 2024-03-01: 1 rows have NULL in their key. They have landed; another delivery of "
    "the day that changes it will be refused",
)
def null_key(table: Table) -> str:
    partition = table.land(0, rows=pa.table({"id": ["a", None], "value": [1, 2]}))
    assert (partition.rows, partition.null_keys) == (2, 1)
    assert "key columns are NULL in rows ({'id': 1})" in table.refused(0, ids("a", value=[2]))
    return "".join(warnings_of(partition))


@case(
    "a file of another producer with other types or columns",
    "a day of other types, or one that made the table unreadable",
    "held to the contract as any delivery: cast, or left where it is with the reason",
    "stays where it is: visits of 2024-03-03: column 'value' is BIGINT and cannot hold 1.5",
)
def foreign(table: Table) -> str:
    table.land(0, rows=BIGINT)
    for day, value in ((1, 2.0), (2, 1.5)):
        file = day_folder(table.root, "visits", DAYS[day]) / "file.parquet"
        write_parquet(ids("c", value=[value]), file)
    with pytest.raises(DataError) as refusal:
        adopt_files(table.root, NOON)
    assert table.read("value") == [(1,), (2,), (2,)]
    assert file.is_file()
    file.unlink()
    declared = {"delivery": "adds", "retracted": "cancelled", "types": {"value": "BIGINT"}}
    table.land(2, rows=ids("d", "e", value=[4, 5], cancelled=[False, True]), **declared)
    write_parquet(
        ids("f", "g", value=[6, 7], cancelled=[True, False]),
        day_folder(table.root, "visits", DAYS[3]) / "file.parquet",
    )
    adopt_files(table.root, NOON)
    assert table.read("id, value")[-2:] == [("d", 4), ("g", 7)]
    assert table.types() == {"id": "VARCHAR", "value": "BIGINT"}
    return str(refusal.value)


@case(
    "a file of another producer with rows that repeat a key, or with NULL in it",
    "landed as it was, whatever was declared of duplicates, and counted nowhere",
    "held to what is declared as any delivery, and counted",
    "file.parquet cannot become a delivery, and stays where it is: visits of 2024-03-03: 1 rows "
    "whose ['id'] repeats that of another row, with other content",
)
def foreign_duplicates(table: Table) -> str:
    def put(day: int, rows: pa.Table) -> Path:
        file = day_folder(table.root, "visits", DAYS[day]) / "file.parquet"
        write_parquet(rows, file)
        return file

    def refused() -> str:
        with pytest.raises(DataError) as refusal:
            adopt_files(table.root, NOON)
        return str(refusal.value)

    table.land(0, rows=BIGINT)
    file = put(1, ids("c", "c", None, value=[3, 3, 4]))
    assert "or declare `duplicates: drop`" in refused()
    assert file.is_file()
    table.land(0, 1, rows=ids("a", "b", value=[1, 5]), duplicates="drop")
    (adopted,) = adopt_files(table.root, NOON)
    assert (adopted.rows, adopted.duplicates, adopted.null_keys) == (2, 1, 1)
    assert not file.exists()
    put(2, ids("d", "d", value=[6, 7]))
    return refused()


@case(
    "`numbered_by` declared once days have landed without",
    "no day of before could be delivered again: its key was NULL",
    "rows of before are number 1, because each was the only one of its key",
    "",
)
def numbered_later(table: Table) -> str:
    numbered = {"duplicates": "number", "numbered_by": "copy", "key": ("id", "copy")}
    table.land(0, rows=BIGINT)
    table.land(1, rows=ids("c", "c", value=[3, 3]), **numbered)
    assert table.read("id, copy") == [("a", 1), ("b", 1), ("c", 1), ("c", 2)]
    assert not table.land(0, 1, rows=BIGINT, **numbered).changed
    again = table.land(0, 2, rows=ids("a", "a", "b", value=[1, 1, 5]), **numbered)
    assert (again.rows_added, again.rows_changed, again.rows_gone) == (1, 1, 0)
    gone = table.land(0, 3, rows=ids("a", value=[1]), **numbered)
    assert (gone.rows_added, gone.rows_changed, gone.rows_gone) == (0, 0, 2)
    back = table.land(0, 4, rows=BIGINT, **numbered)
    assert (back.rows_added, back.rows_changed, back.rows_gone) == (0, 1, 0)
    assert table.read("id, value, copy")[:2] == [("a", 1, 1), ("b", 2, 1)]
    assert day_problem(table.root, "visits", DAYS[0]) is None
    return ""


@case(
    "`duplicates: number` with `delivery: adds`",
    "equal rows of two deliveries were one, and others took the place of the first",
    "refused when the YAML is read",
    "duplicates=number, delivery=adds: numbers begin at 1 in each delivery",
)
def numbered_additions(table: Table) -> str:
    numbered = {"duplicates": "number", "numbered_by": "copy", "key": ("id", "copy")}
    with pytest.raises(ValidationError) as refusal:
        table.land(0, rows=BIGINT, delivery="adds", **numbered)
    return str(refusal.value)


@case(
    "a home of before, with days of several types",
    "read in the types of its first file, with rounded values",
    "read in the types that hold all of them, which are its contract from the next landing on",
    "",
)
def before(table: Table) -> str:
    days = [BIGINT, ids("c", value=[1.6]), ids("d", value=[None]), ids("e", value=[2], unit=["m"])]
    for day, rows in enumerate(days):
        table.land(0, rows=BIGINT)
        write_parquet(rows, first_file(table.root, "visits", DAYS[0]))
        day_folder(table.root, "visits", DAYS[0]).rename(table.root / str(day))
    for day in range(len(days)):
        (table.root / str(day)).rename(day_folder(table.root, "visits", DAYS[day]))
    state = read_state(table.root / "visits")
    write_state(table.root / "visits", state.model_copy(update={"schemas": ()}))
    held = {"id": "VARCHAR", "value": "DOUBLE", "unit": "VARCHAR"}
    rows = [("a", 1, None), ("b", 2, None), ("c", 1.6, None), ("d", None, None), ("e", 2, "m")]
    assert table.types() == held
    assert table.read("id, value, unit") == rows
    table.land(4, rows=ids("f", value=[1], unit=["m"]))
    assert read_state(table.root / "visits").schemas[-1].columns == held
    assert table.read("id, value, unit") == [*rows, ("f", 1, "m")]
    return ""


@pytest.mark.parametrize("given", RUNS)
def test_schemas(given: str, tmp_path: Path) -> None:
    expected, run = RUNS[given]
    assert expected.reads in run(Table(tmp_path))


def test_the_document_shows_what_happens_to_schemas() -> None:
    refuse_undocumented("Schemas", [expected for expected, _ in RUNS.values()])
