"""Names that a JSON object holds twice: parsers keep the last value and say nothing."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import Any

from mlops_platform.serving.http.problems import MALFORMED, FieldError, Problem


def refuse_repeated_names(
    body: bytes, rows: Sequence[Mapping[str, Any]], texts: Sequence[str], others: int = 0
) -> None:
    """Refuse a body that names a field twice.

    Args:
        rows: the objects that validation made of the body.
        texts: names of the fields that hold strings.
        others: names in the body beside those of the rows.

    Raises:
        Problem: a name is repeated.
    """
    strings = others
    for row in rows:
        strings += len(row)
        for name in texts:
            if row.get(name) is not None:
                strings += 1
    _refuse_more(body, strings)


def refuse_repeated_columns(
    body: bytes, columns: Mapping[str, Sequence[Any]], texts: Sequence[str]
) -> None:
    """Refuse a body of columns that names a field twice.

    Args:
        columns: what validation made of the object named `columns`.
        texts: names of the columns that hold strings.

    Raises:
        Problem: a name is repeated.
    """
    strings = 1 + len(columns)
    for name in texts:
        values = columns.get(name, ())
        strings += len(values) - values.count(None)
    _refuse_more(body, strings)


def _refuse_more(body: bytes, strings: int) -> None:
    """Refuse a repeated name, where a body holds more than these strings.

    Every string of a JSON text takes two quotation marks, and no other is there unless a string
    holds an escaped one. So where their number is that of the names and texts which validation
    has found, nothing is repeated; else the body is parsed once more, looking at the names.
    """
    if body.count(b'"') != 2 * strings:
        json.loads(body, object_pairs_hook=_distinct)


def _distinct(pairs: list[tuple[str, Any]]) -> None:
    seen: set[str] = set()
    for name, value in pairs:
        if name in seen:
            fix = "Name it once; which of the values is meant cannot be told."
            error = FieldError(field=name, value=repr(value)[:100], fix=fix)
            raise Problem(MALFORMED, f"'{name}' is named more than once.", [error])
        seen.add(name)
