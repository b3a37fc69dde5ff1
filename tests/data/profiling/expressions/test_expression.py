"""What somebody says of a table is SQL over its columns, under the names that land."""

import pytest

from mlops_platform.data.profiling.expressions.expression import expression_of
from mlops_platform.data.profiling.expressions.moments import moment_sql
from mlops_platform.data.profiling.scan import scan_files
from mlops_platform.data.profiling.scanned_table import ScannedTable
from mlops_platform.errors import SpecError


@pytest.fixture(scope="module")
def table(tmp_path_factory: pytest.TempPathFactory) -> ScannedTable:
    file = tmp_path_factory.mktemp("expressions") / "table.csv"
    file.write_text("Über Zeit,select,known_at,a b\n1,2,2024-01-01 10:00:00,x\n2,3,,y\n")
    with scan_files([file]) as scanned:
        return scanned


@pytest.mark.parametrize(
    ("said", "sql", "columns"),
    [
        ("Über Zeit", "ber_zeit", ("Über Zeit",)),
        ('"Über Zeit" > 1', "ber_zeit > 1", ("Über Zeit",)),
        ('"a b" = \'é "a b"\'', "a_b = 'é \"a b\"'", ("a b",)),
        ('"Über Zeit" + "Über Zeit"', "ber_zeit + ber_zeit", ("Über Zeit",)),
        ("SELECT", '"select"', ("select",)),
        ('"select" > 1 -- why', '"select" > 1 -- why', ("select",)),
        ("KNOWN_AT + interval 7 days", "source_known_at + interval 7 days", ("known_at",)),
    ],
)
def test_columns_have_the_names_that_land(
    table: ScannedTable, said: str, sql: str, columns: tuple[str, ...]
) -> None:
    expression = expression_of(table.profile, "label", said)
    assert expression == (sql, columns)


@pytest.mark.parametrize("said", ["", "a b", '"a b" AS c', "*", "a_b; select 1", "x -> 1", "("])
def test_what_is_no_value_of_a_row_is_refused(table: ScannedTable, said: str) -> None:
    if said == "a b":
        assert expression_of(table.profile, "label", said).is_column
        return
    with pytest.raises(SpecError):
        expression_of(table.profile, "label", said)


def test_a_moment_without_zone_is_of_the_one_of_the_data(table: ScannedTable) -> None:
    known = expression_of(table.profile, "known-at", "known_at")
    zoned = {"source_known_at": "TIMESTAMP WITH TIME ZONE"}
    assert moment_sql(known, zoned, "Europe/Berlin") == "source_known_at"
    for kind in ("TIMESTAMP", "DATE"):
        assert moment_sql(known, {"source_known_at": kind}, "Europe/Berlin") == (
            "timezone('Europe/Berlin', CAST(source_known_at AS TIMESTAMP))"
        )


def test_a_day_on_which_something_became_known_is_its_end(table: ScannedTable) -> None:
    known = expression_of(table.profile, "known-at", "known_at")
    of_day = moment_sql(known, {"source_known_at": "DATE"}, "Europe/Berlin", day_ends=True)
    assert of_day == "timezone('Europe/Berlin', CAST((source_known_at) + 1 AS TIMESTAMP))"
    of_moment = moment_sql(known, {"source_known_at": "TIMESTAMP"}, "UTC", day_ends=True)
    assert of_moment == "timezone('UTC', CAST(source_known_at AS TIMESTAMP))"
