"""The SQL of Parquet files, whatever the folders above them are called.

DuckDB takes every path for a pattern, even of a file that exists: of `lake[ab]` it would read
`lakea`. And with hive partitioning it takes every `key=value` on the way for a column: below
`/x/carrier=ZZ` the column `carrier` of all rows would be `ZZ`. So paths are escaped, and the one
partition column is read from the name of the folder that a file is in. DuckDB evaluates it per file
before it opens any, so that a condition on it decides which files are opened.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from pathlib import Path

from mlops_platform.data.engine import identifier, literal

FILE = "_mlops_platform_file"
"""A column that no table has: where a row is from."""


def escaped(path: Path) -> str:
    """A pattern that matches `path` only, for whatever in DuckDB takes patterns."""
    return re.sub(r"[*?[]", r"[\g<0>]", str(path))


def parquet_files(files: Sequence[Path], *, union_by_name: bool = False) -> str:
    """Write the SQL of the rows of some files, which must exist, without any partition column.

    Args:
        union_by_name: columns that only some files have are NULL in the others.
    """
    return _read_parquet([literal(escaped(file)) for file in files], union_by_name)


def parquet_folder(folder: Path, patterns: Sequence[str], *, union_by_name: bool = False) -> str:
    """Write the SQL of the rows of a folder's files, without any partition column.

    Args:
        patterns: globs relative to the folder; each must match.
    """
    return _read_parquet(_below(folder, patterns), union_by_name)


def partitioned_parquet(
    folder: Path, patterns: Sequence[str], column: str, *, union_by_name: bool = False
) -> str:
    """Write the SQL of the rows of a folder's files, and of their partition as the last column.

    Args:
        patterns: globs relative to the folder, such as ``day=*/*.parquet``; each must match.
        column: the partition column, a DATE; the files are in folders called ``column=...``.
    """
    return partitioned(_below(folder, patterns), column, union_by_name=union_by_name)


def partitioned(patterns: Sequence[str], column: str, *, union_by_name: bool = False) -> str:
    """As `partitioned_parquet`, of patterns that are SQL expressions."""
    files = _read_parquet(patterns, union_by_name, f", filename = {literal(FILE)}")
    value = f"regexp_extract({FILE}, {literal(f'/{re.escape(column)}=([^/]*)/[^/]*$')}, 1)"
    # A column of that name in a file counts for nothing, as with hive partitioning.
    return (
        f"(SELECT COLUMNS(lambda name: name NOT IN ({literal(FILE)}, {literal(column)})), "
        f"CAST({value} AS DATE) AS {identifier(column)} FROM {files})"
    )


def _below(folder: Path, patterns: Sequence[str]) -> list[str]:
    return [literal(f"{escaped(folder)}/{pattern}") for pattern in patterns]


def _read_parquet(patterns: Sequence[str], union_by_name: bool, options: str = "") -> str:
    by_name = ", union_by_name = true" if union_by_name else ""
    return f"read_parquet([{', '.join(patterns)}], hive_partitioning = false{by_name}{options})"
