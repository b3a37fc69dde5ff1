"""Column lineage of a dbt project, read from its compiled SQL."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

if TYPE_CHECKING:
    from sqlglot.expressions import Query
    from sqlglot.lineage import Node

DIALECT = "duckdb"
_STATEMENTS: Final = re.compile(
    r"(?<![\w\"'])(alter|drop|force|grant|insert|install|revoke|rollback)(?![\w\"'])", re.IGNORECASE
)
"""Words that DuckDB takes for columns, and sqlglot for the beginning of statements, which are in no
query."""
Columns = Mapping[str, Sequence[tuple[str, str]]]
"""Columns of a model, each with the (unique id, column) pairs that its value is made from."""


def column_lineage(manifest: Mapping[str, Any], compiled: Path) -> dict[str, Columns]:
    """Lineage of every model by unique id, one step up: from its parents, sources included.

    The manifest declares the columns of every parent, so no database is asked.

    Args:
        manifest: dbt's manifest.
        compiled: dbt's folder of compiled SQL, as any build leaves it.
    """
    relations = {**manifest["nodes"], **manifest["sources"]}
    return {
        unique_id: model_lineage(node, relations, compiled)
        for unique_id, node in manifest["nodes"].items()
        if node["resource_type"] == "model"
    }


def model_lineage(
    node: Mapping[str, Any], relations: Mapping[str, Mapping[str, Any]], compiled: Path
) -> Columns:
    """Lineage of one model.

    Args:
        node: of the manifest.
        relations: everything that a model may be made from, by unique id.
        compiled: dbt's folder of compiled SQL.

    Raises:
        OSError: it was not compiled.
        SqlglotError: its SQL cannot be read.
        KeyError: it does not select a column that it declares.
    """
    from sqlglot.lineage import lineage

    parents = [parent for parent in node["depends_on"]["nodes"] if parent in relations]
    sql = (compiled / node["package_name"] / node["original_file_path"]).read_text()
    query = _on_unique_ids(sql, {relations[parent]["relation_name"]: parent for parent in parents})
    schema = {
        f'"{parent}"': dict.fromkeys(relations[parent]["columns"], "unknown") for parent in parents
    }
    # Only names are read: a query trimmed to each column was nine tenths of the time.
    lineages = lineage(None, query, schema, dialect=DIALECT, trim_selects=False)
    return {column: _leaves(lineages[column]) for column in node["columns"]}


def _on_unique_ids(sql: str, unique_ids: Mapping[str, str]) -> Query:
    """Parse a query and name its tables by unique id: relations, files and calls of macros."""
    from sqlglot import exp, parse_one

    query = parse_one(_STATEMENTS.sub(r'"\1"', sql), dialect=DIALECT)
    relation_names = {_name(exp.to_table(name, dialect=DIALECT)): name for name in unique_ids}
    for table in list(query.find_all(exp.Table)):
        if (name := relation_names.get(_name(table))) is not None:
            identifier = exp.to_identifier(unique_ids[name], quoted=True)
            table.replace(exp.Table(this=identifier, alias=table.args.get("alias")))
    assert isinstance(query, exp.Query)
    return query


def _name(table: Any) -> tuple[str, ...]:
    from sqlglot import exp

    # A call of a macro is no name: it is told from another one by its arguments.
    return tuple(
        part.name if isinstance(part, exp.Identifier) else part.sql(DIALECT) for part in table.parts
    )


def _leaves(node: Node) -> list[tuple[str, str]]:
    from sqlglot import exp

    return sorted(
        {
            (leaf.expression.name, exp.to_column(leaf.name).name)
            for leaf in node.walk()
            if isinstance(leaf.expression, exp.Table)
        }
    )
