"""The body of a batch: its rows, or the values of each of its columns."""

from __future__ import annotations

import json
import re
from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Any

from pydantic import TypeAdapter, ValidationError

from mlops_platform.serving.http.duplicates import refuse_repeated_columns, refuse_repeated_names
from mlops_platform.serving.http.problems import FieldError
from mlops_platform.serving.http.request import Json, RequestTypes
from mlops_platform.serving.http.violations import COLUMNS, MOST_ERRORS, problem_of, unusable

ROWS = "rows"
_FIRST_NAME = re.compile(rb'[ \t\n\r]*\{[ \t\n\r]*"(rows|columns)"')


class BatchBody:
    """Reads the rows of a batch, with the same checks in both forms.

    Args:
        texts: names of the fields that hold strings.
    """

    def __init__(self, types: RequestTypes, texts: Sequence[str]) -> None:
        self._types, self._texts = types, texts

    def rows(self, body: bytes) -> list[Json]:
        """The rows, by name.

        Raises:
            Problem: they are not what the model takes.
        """
        if not _is_columnar(body):
            rows: list[Json] = validated(self._types.batch, body)[ROWS]
            refuse_repeated_names(body, rows, self._texts, others=1)
            return rows
        columns: dict[str, list[Any]] = validated(self._types.columns, body)[COLUMNS]
        refuse_repeated_columns(body, columns, self._texts)
        _require_equal_lengths(columns)
        names = tuple(columns)
        return [dict(zip(names, row, strict=True)) for row in zip(*columns.values(), strict=True)]


def validated(adapter: TypeAdapter[Json], body: bytes) -> Json:
    """What a body holds.

    Raises:
        Problem: it is not what the adapter takes.
    """
    try:
        return adapter.validate_json(body)
    except ValidationError as error:
        raise problem_of(error) from None


def _is_columnar(body: bytes) -> bool:
    """Whether a body names columns, and no rows."""
    first = _FIRST_NAME.match(body)
    if first is not None and first[1] == ROWS.encode():
        return False
    if first is not None:
        return True
    try:  # a name that is written in another way, or that does not belong there
        sent = json.loads(body)
    except (ValueError, RecursionError):
        return False
    return isinstance(sent, dict) and COLUMNS in sent and ROWS not in sent


def _require_equal_lengths(columns: Mapping[str, Sequence[Any]]) -> None:
    lengths = {name: len(values) for name, values in columns.items()}
    [(usual, _)] = Counter(lengths.values()).most_common(1)
    errors = [
        FieldError(
            field=f"{COLUMNS}.{name}"[:200],
            value=f"{length} values",
            fix=f"Send {usual} values, one for each row, as in other columns.",
        )
        for name, length in lengths.items()
        if length != usual
    ]
    if errors:
        raise unusable(errors[:MOST_ERRORS], len(errors))
