"""Two tables of the same entities are compared row for row."""

import pyarrow as pa

from mlops_platform.data.compared_rows import DifferingValue, compare_rows

ROWS = pa.table(
    {
        "visit": ["a", "b", "c", "d"],
        "age": [1.0, 2.0, None, float("nan")],
        "ward": ["north", "north", None, "south"],
    }
)


def changed(column: str, values: list[object]) -> pa.Table:
    position = ROWS.schema.get_field_index(column)
    return ROWS.set_column(position, column, pa.array(values))


def test_the_same_facts_are_equal_in_whatever_encoding() -> None:
    encoded = changed("ward", ["north", "north", None, "south"])
    dictionary = encoded["ward"].dictionary_encode()
    told = compare_rows(ROWS, ROWS.set_column(2, "ward", dictionary), "visit")
    assert told.equal
    assert (told.rows_then, told.rows_now, told.columns) == (4, 4, ())


def test_missing_and_new_rows_are_counted_with_the_first_of_them() -> None:
    told = compare_rows(ROWS, pa.concat_tables([ROWS.slice(2), ROWS.slice(0, 0)]), "visit")
    assert not told.equal
    assert (told.missing, told.missing_examples, told.extra) == (2, ("a", "b"), 0)
    told = compare_rows(ROWS.slice(2), ROWS, "visit")
    assert (told.missing, told.extra, told.extra_examples) == (0, 2, ("a", "b"))


def test_differing_values_are_told_by_column_and_nothing_equals_nothing() -> None:
    [age] = compare_rows(ROWS, changed("age", [1.5, 2.0, None, float("nan")]), "visit").columns
    assert (age.column, age.rows) == ("age", 1)
    assert age.examples == (DifferingValue(entity="a", then="1.0", now="1.5"),)
    [ward] = compare_rows(ROWS, changed("ward", [None, "north", "east", "south"]), "visit").columns
    assert [(one.entity, one.then, one.now) for one in ward.examples] == [
        ("a", "north", None),
        ("c", None, "east"),
    ]


def test_a_column_that_is_new_gone_moved_or_of_another_type_is_named() -> None:
    assert compare_rows(ROWS, ROWS.drop_columns(["age"]), "visit").other_columns == (
        "'age' is gone",
    )
    assert compare_rows(ROWS.drop_columns(["age"]), ROWS, "visit").other_columns == (
        "'age' is new",
    )
    typed = compare_rows(ROWS, changed("age", [1, 2, 3, 4]), "visit")
    assert typed.other_columns == ("'age' was double and is int64",)
    moved = compare_rows(ROWS, ROWS.select(["visit", "ward", "age"]), "visit")
    assert (moved.equal, moved.other_columns) == (False, ("they are in another order",))


def test_an_entity_that_occurs_twice_is_counted() -> None:
    told = compare_rows(ROWS, pa.concat_tables([ROWS, ROWS.slice(1, 1)]), "visit")
    assert (told.equal, told.repeated, told.missing, told.extra) == (False, 1, 0, 0)
