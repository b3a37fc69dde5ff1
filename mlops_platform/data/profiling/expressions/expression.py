"""Expressions that were said of a table: which columns they read, under the names that land."""

from __future__ import annotations

import json
from collections.abc import Iterator
from difflib import get_close_matches
from typing import Any, NamedTuple

from mlops_platform.data.engine import identifier, private_duckdb
from mlops_platform.data.profiling.profile import ColumnProfile, TableProfile
from mlops_platform.errors import SpecError

SELECT = "SELECT "
_REFUSED = {
    "SUBQUERY": "a query inside",
    "WINDOW": "other rows",
    "STAR": "every column",
}


class Expression(NamedTuple):
    """SQL of one value of a row.

    Args:
        sql: over landed columns.
        columns: that it reads, by their names in the source.
    """

    sql: str
    columns: tuple[str, ...]

    @property
    def is_column(self) -> bool:
        """Whether it is a column as it is."""
        return len(self.columns) == 1 and self.sql.strip('"').isidentifier()


def find_column(profile: TableProfile, name: str) -> ColumnProfile | None:
    """The column of this name in the source, or of this landed name; of any case, as SQL has it."""
    for same in (str, str.lower):
        for column in profile.columns:
            if same(name) in {same(column.name), same(column.output)}:
                return column
    return None


def require_column(profile: TableProfile, flag: str, name: str) -> ColumnProfile:
    """The column of this name.

    Raises:
        SpecError: there is none; says which is like it.
    """
    column = find_column(profile, name)
    if column is None:
        raise SpecError(flag, name, _unknown(profile, name))
    return column


def expression_of(profile: TableProfile, flag: str, text: str) -> Expression:
    """What a flag said, a column or SQL over columns.

    Raises:
        SpecError: it is no SQL, or reads what the table does not have, or other rows.
    """
    column = find_column(profile, text.strip())
    if column is not None:
        return Expression(identifier_if_needed(column.output), (column.name,))
    select = _parsed(flag, text)
    references = list(_references(select, flag, text))
    columns = {name: require_column(profile, flag, name) for _, _, name in references}
    if not columns:
        raise SpecError(flag, text, "It reads no column: then it says the same of every row.")
    return Expression(
        _renamed(text, [(at, length, columns[name]) for at, length, name in references]),
        tuple(dict.fromkeys(columns[name].name for _, _, name in references)),
    )


def columns_read(profile: TableProfile, flag: str, text: str) -> tuple[str, ...]:
    """Columns that an expression reads, by their names in the source, without those that are gone.

    Raises:
        SpecError: it is no SQL of one value of a row.
    """
    names = [name for _, _, name in _references(_parsed(flag, text), flag, text)]
    columns = (find_column(profile, name) for name in names)
    return tuple(dict.fromkeys(column.name for column in columns if column is not None))


def identifier_if_needed(name: str) -> str:
    """A landed name as SQL: plain where SQL has no other meaning for it."""
    with private_duckdb() as connection:
        reserved = connection.execute(
            "SELECT count(*) FROM duckdb_keywords() WHERE keyword_name = ? "
            "AND keyword_category != 'unreserved'",
            [name.lower()],
        ).fetchone()
    return identifier(name) if reserved and reserved[0] else name


def _parsed(flag: str, text: str) -> dict[str, Any]:
    """The one value that a text selects, as DuckDB has parsed it."""
    with private_duckdb() as connection:
        row = connection.execute("SELECT json_serialize_sql(?)", [f"{SELECT}{text}\n"]).fetchone()
    assert row is not None, "one row for one text"
    parsed = json.loads(row[0])
    if parsed["error"]:
        raise SpecError(flag, text, f"It is no SQL: {parsed['error_message']}.")
    [statement, *others] = parsed["statements"]
    node = statement["node"]
    plain = (
        not others
        and node.get("type") == "SELECT_NODE"
        and len(node["select_list"]) == 1
        and node["from_table"]["type"] == "EMPTY"
        and not node["modifiers"]
        and node["where_clause"] is None
        and not node["select_list"][0].get("alias")
    )
    if not plain:
        raise SpecError(flag, text, "Write one value of a row, such as `delay > 15`.")
    selected: dict[str, Any] = node["select_list"][0]
    return selected


def _references(node: Any, flag: str, text: str) -> Iterator[tuple[int, int, str]]:
    """Where the text names columns: position and length in bytes, and the name."""
    if isinstance(node, list):
        for part in node:
            yield from _references(part, flag, text)
    elif isinstance(node, dict):
        kind = node.get("class")
        if kind in _REFUSED:
            raise SpecError(flag, text, f"It reads {_REFUSED[kind]}: write a value of one row.")
        if kind == "COLUMN_REF":
            at = node["query_location"] - len(SELECT)
            yield at, node["query_location_length"], node["column_names"][-1]
        else:
            for part in node.values():
                yield from _references(part, flag, text)


def _renamed(text: str, references: list[tuple[int, int, ColumnProfile]]) -> str:
    """The text with the landed names of its columns."""
    content = text.encode()
    for at, length, column in sorted(references, key=lambda found: -found[0]):
        new = identifier_if_needed(column.output).encode()
        content = content[:at] + new + content[at + length :]
    return content.decode().strip()


def _unknown(profile: TableProfile, name: str) -> str:
    names = [column.name for column in profile.columns]
    by_case = {known.lower(): known for known in names}
    close = get_close_matches(name.lower(), by_case, n=1)
    if close:
        return f"The table has no such column. Did you mean '{by_case[close[0]]}'?"
    return f"The table has no such column. It has: {', '.join(names)}."
