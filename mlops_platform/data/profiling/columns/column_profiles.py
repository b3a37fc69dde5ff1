"""The profile of every column: counts of all rows, and what a sample tells of the values."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

from mlops_platform.data.engine import identifier, literal
from mlops_platform.data.landing.schema.types import LOCAL_TIME, MOMENT, NUMBERS, TEXT
from mlops_platform.data.profiling.columns.disguised import odd_days, odd_numbers, odd_words
from mlops_platform.data.profiling.columns.identity import looks_like_id
from mlops_platform.data.profiling.columns.personal import looks_personal
from mlops_platform.data.profiling.profile import ColumnProfile, DisguisedMissing, ScannedKind
from mlops_platform.data.profiling.reading.raw_rows import RAW
from mlops_platform.data.profiling.scanned_table import ALL_ROWS, ROW_NUMBER, SAMPLE

if TYPE_CHECKING:
    import duckdb
    from pandas import DataFrame, Series

EXACT_ROWS: Final = 300_000
"""Up to which distinct values are counted exactly, of all columns."""
NEARLY: Final = 0.95
"""Share of different values from which a column nearly tells all rows apart."""
APPROXIMATELY: Final = 0.8
"""The same by an approximate count, which is a few percent wrong: then it is counted exactly."""
LONG_TEXT: Final = 25
"""Characters of the mean value from which it is read, and not listed."""
EXAMPLES: Final = 5
WORDS: Final = 2_000
"""Different texts of a sample that are looked at."""
SHOWN_CHARACTERS: Final = 60


@dataclass(frozen=True)
class _Counts:
    values: int
    distinct: int
    minimum: str | None
    maximum: str | None


def column_profiles(
    connection: duckdb.DuckDBPyConnection,
    outputs: Mapping[str, str],
    rows: int,
    null_texts: Mapping[str, Sequence[str]],
) -> tuple[ColumnProfile, ...]:
    """Profile all columns.

    Args:
        connection: has `ALL_ROWS`, `SAMPLE` and `RAW`.
        outputs: output name by name in the source.
        rows: of the table.
        null_texts: by name, the texts that mean NULL there.
    """
    described = connection.execute(f"DESCRIBE {ALL_ROWS}").fetchall()
    types = {str(name): str(kind) for name, kind, *_ in described}
    counts = _counts(connection, list(outputs.values()), rows)
    return tuple(
        _profile(
            connection,
            (name, output, types[output]),
            (rows, counts[output]),
            null_texts.get(name, ()),
        )
        for name, output in outputs.items()
    )


def _counts(
    connection: duckdb.DuckDBPyConnection, names: Sequence[str], rows: int
) -> dict[str, _Counts]:
    counter = "count(DISTINCT {})" if rows <= EXACT_ROWS else "approx_count_distinct({})"
    counts = {}
    for some in (names[at : at + 8] for at in range(0, len(names), 8)):
        # A few at a time: of all at once the sets of distinct values need not fit into memory.
        wanted = ", ".join(
            f"count({column}), {counter.format(column)}, min({column})::VARCHAR, "
            f"max({column})::VARCHAR"
            for column in map(identifier, some)
        )
        [row] = connection.execute(f"SELECT {wanted} FROM {ALL_ROWS}").fetchall()
        for at, name in enumerate(some):
            values, distinct, minimum, maximum = row[4 * at : 4 * at + 4]
            if rows > EXACT_ROWS and distinct > APPROXIMATELY * values:
                distinct = _exactly(connection, name)
            counts[name] = _Counts(values, min(distinct, values), minimum, maximum)
    return counts


def _exactly(connection: duckdb.DuckDBPyConnection, name: str) -> int:
    column = identifier(name)
    [(distinct,)] = connection.execute(
        f"SELECT count(DISTINCT hash({column})) FROM {ALL_ROWS} WHERE {column} IS NOT NULL"
    ).fetchall()
    return int(distinct)


def _profile(
    connection: duckdb.DuckDBPyConnection,
    column: tuple[str, str, str],
    counted: tuple[int, _Counts],
    null_texts: Sequence[str],
) -> ColumnProfile:
    (name, output, kind), (rows, counts) = column, counted
    values = _values(connection, output)
    texts = values.value_counts() if kind == TEXT else None
    frequent = _frequent(connection, output)
    nearly = rows > 1 and counts.distinct >= NEARLY * rows
    scanned_kind = _kind(kind, counts, texts)
    disguised = _disguised(connection, output, _odd(values, kind, texts))
    missing = [_rows_with(connection, RAW, name, text) for text in null_texts]
    shown = [str(text) for text in values.head(200)] if kind == TEXT else []
    return ColumnProfile(
        name=name,
        output=output,
        type=kind,
        kind=scanned_kind,
        rows=rows,
        missing=rows - counts.values,
        distinct=counts.distinct,
        minimum=_short(counts.minimum),
        maximum=_short(counts.maximum),
        examples=tuple(str(_short(text)) for text, _ in frequent[:EXAMPLES]),
        top_share=frequent[0][1] / max(len(values), 1) if frequent else 0.0,
        disguised=(*missing, *disguised),
        is_nearly_distinct=nearly,
        is_monotone=_is_monotone(values),
        looks_personal=looks_personal(output, shown),
        looks_like_id=looks_like_id(output, scanned_kind, values, counts.distinct / max(rows, 1)),
    )


def _values(connection: duckdb.DuckDBPyConnection, output: str) -> Series[Any]:
    """Values of the sample that are not missing, in the order of the rows."""
    column = identifier(output)
    frame: DataFrame = connection.sql(
        f"SELECT {column} AS value FROM {SAMPLE} WHERE {column} IS NOT NULL ORDER BY {ROW_NUMBER}"
    ).df()
    values: Series[Any] = frame["value"]
    return values


def _frequent(connection: duckdb.DuckDBPyConnection, output: str) -> list[tuple[str, int]]:
    return connection.execute(
        f"SELECT {identifier(output)}::VARCHAR AS value, count(*) FROM {SAMPLE} "
        f"WHERE value IS NOT NULL GROUP BY 1 ORDER BY 2 DESC, 1 LIMIT {EXAMPLES}"
    ).fetchall()


def _kind(kind: str, counts: _Counts, texts: Series[Any] | None) -> ScannedKind:
    if not counts.values:
        return "empty"
    if kind in NUMBERS:
        return "number"
    if kind in ("BOOLEAN", "DATE"):
        return "boolean" if kind == "BOOLEAN" else "date"
    if kind in (LOCAL_TIME, MOMENT):
        return "moment"
    assert texts is not None
    words = texts.index.to_series().astype(str)
    is_long = float((words.str.len() * texts).sum() / texts.sum()) > LONG_TEXT
    is_read = float((words.str.count(" ") * texts).sum() / texts.sum()) >= 2
    return "text" if is_long and is_read and counts.distinct > 0.2 * counts.values else "category"


def _odd(values: Series[Any], kind: str, texts: Series[Any] | None) -> list[str]:
    import numpy as np

    if not len(values) or kind == "BOOLEAN":
        return []
    if texts is not None:
        return odd_words({str(text): int(count) for text, count in texts.head(WORDS).items()})
    if kind in NUMBERS:
        numbers = values.to_numpy(dtype=np.float64)
        return [f"{number:.15g}" for number in odd_numbers(numbers[np.isfinite(numbers)])]
    days = values.dt.tz_localize(None) if kind == MOMENT else values
    return odd_days(days.to_numpy(dtype="datetime64[D]"))


def _disguised(
    connection: duckdb.DuckDBPyConnection, output: str, odd: Sequence[str]
) -> list[DisguisedMissing]:
    return [_rows_with(connection, ALL_ROWS, output, text) for text in odd]


def _rows_with(
    connection: duckdb.DuckDBPyConnection, relation: str, name: str, text: str
) -> DisguisedMissing:
    """How many rows have a value, compared in the type of the column; days by their midnight."""
    column = identifier(name)
    [(rows,)] = connection.execute(
        f"SELECT count(*) FROM {relation} WHERE {column} = {literal(text)}"
    ).fetchall()
    return DisguisedMissing(value=text, rows=rows)


def _is_monotone(values: Series[Any]) -> bool:
    if len(values) <= 2 or values.iloc[0] == values.iloc[-1]:
        return False
    return bool(values.is_monotonic_increasing or values.is_monotonic_decreasing)


def _short(text: str | None) -> str | None:
    if text is None or len(text) <= SHOWN_CHARACTERS:
        return text
    return f"{text[: SHOWN_CHARACTERS - 3]}..."
