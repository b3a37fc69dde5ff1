"""Two tables of the same entities, compared row for row."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final, NamedTuple

from mlops_platform.data.digest import table_digest
from mlops_platform.data.engine import identifier, private_duckdb
from mlops_platform.data.types import in_canonical_types
from mlops_platform.record import Record

if TYPE_CHECKING:
    import duckdb
    import pyarrow as pa

EXAMPLES: Final = 3


class DifferingValue(Record):
    """One value in both tables, as text; None where it is missing."""

    entity: str
    then: str | None
    now: str | None


class DifferingColumn(Record):
    """A column in which rows of both tables differ, with the first of them."""

    column: str
    rows: int
    examples: tuple[DifferingValue, ...]


class RowComparison(Record):
    """How a table that was built again differs from the one that was kept.

    Args:
        equal: the digests of schema and rows, in their order, are the same.
        rows_then, rows_now: of each.
        missing, extra: rows whose entity only one of them has, and the first of these.
        repeated: entities that occur more than once now.
        columns: in which rows of both differ.
        other_columns: which only one of them has, or whose type has changed, as clauses.
    """

    equal: bool
    rows_then: int
    rows_now: int
    missing: int = 0
    missing_examples: tuple[str, ...] = ()
    extra: int = 0
    extra_examples: tuple[str, ...] = ()
    repeated: int = 0
    columns: tuple[DifferingColumn, ...] = ()
    other_columns: tuple[str, ...] = ()


class _Sides(NamedTuple):
    """Both tables in one database, as `then_rows` and `now_rows`, and the name of their key."""

    connection: duckdb.DuckDBPyConnection
    entity: str

    def examples(self, query: str) -> list[tuple[Any, ...]]:
        """The first rows of a query."""
        return self.connection.execute(f"{query} LIMIT {EXAMPLES}").fetchall()

    def count(self, query: str) -> int:
        """Rows of a query."""
        (count,) = self.connection.execute(f"SELECT count(*) FROM ({query})").fetchone() or (0,)
        return int(count)


def compare_rows(then: pa.Table, now: pa.Table, entity: str) -> RowComparison:
    """Compare by entity; a missing value equals a missing one, and NaN equals NaN.

    Args:
        entity: the column that names a row; unique in `then`.
    """
    then, now = in_canonical_types(then), in_canonical_types(now)
    sizes = {"rows_then": then.num_rows, "rows_now": now.num_rows}
    if table_digest(then) == table_digest(now):
        return RowComparison(equal=True, **sizes)
    key = identifier(entity)
    with private_duckdb() as connection:
        connection.register("then_rows", then)
        connection.register("now_rows", now)
        sides = _Sides(connection, entity)
        missing, extra = (
            f"SELECT {key}::VARCHAR FROM {one} ANTI JOIN {other} USING ({key}) ORDER BY {key}"
            for one, other in (("then_rows", "now_rows"), ("now_rows", "then_rows"))
        )
        repeated = f"SELECT {key} FROM now_rows GROUP BY {key} HAVING count(*) > 1"
        common = [
            field.name
            for field in then.schema
            if field.name != entity and field in list(now.schema)
        ]
        return RowComparison(
            equal=False,
            **sizes,
            missing=sides.count(missing),
            missing_examples=tuple(name for (name,) in sides.examples(missing)),
            extra=sides.count(extra),
            extra_examples=tuple(name for (name,) in sides.examples(extra)),
            repeated=sides.count(repeated),
            columns=tuple(
                found for column in common if (found := _differing(sides, column)) is not None
            ),
            other_columns=_other_columns(then.schema, now.schema),
        )


def _differing(sides: _Sides, column: str) -> DifferingColumn | None:
    key, name = identifier(sides.entity), identifier(column)
    query = (
        f"SELECT {key}::VARCHAR, then_rows.{name}::VARCHAR, now_rows.{name}::VARCHAR "
        f"FROM then_rows JOIN now_rows USING ({key}) "
        f"WHERE then_rows.{name} IS DISTINCT FROM now_rows.{name} ORDER BY {key}"
    )
    rows = sides.count(query)
    if not rows:
        return None
    examples = tuple(
        DifferingValue(entity=entity, then=then, now=now)
        for entity, then, now in sides.examples(query)
    )
    return DifferingColumn(column=column, rows=rows, examples=examples)


def _other_columns(then: pa.Schema, now: pa.Schema) -> tuple[str, ...]:
    before = {field.name: str(field.type) for field in then}
    after = {field.name: str(field.type) for field in now}
    clauses = []
    for name in {**before, **after}:
        if name not in after:
            clauses.append(f"'{name}' is gone")
        elif name not in before:
            clauses.append(f"'{name}' is new")
        elif before[name] != after[name]:
            clauses.append(f"'{name}' was {before[name]} and is {after[name]}")
    if not clauses and list(before) != list(after):
        clauses.append("they are in another order")
    return tuple(clauses)
