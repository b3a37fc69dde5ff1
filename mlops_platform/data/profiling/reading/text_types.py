"""The types of columns that are text: the narrowest in which every value lands without loss."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from mlops_platform.data.engine import identifier, literal
from mlops_platform.data.landing.files.values import NumberFormat, Reading, cast_of
from mlops_platform.data.landing.schema.types import LOCAL_TIME, MOMENT, TEXT
from mlops_platform.data.profiling.reading.null_texts import NULL_TEXTS, STRONG

if TYPE_CHECKING:
    import duckdb

CANDIDATES: Final = ("BOOLEAN", "BIGINT", "DOUBLE", "DATE", LOCAL_TIME, MOMENT)
"""From narrow to wide, as far as one holds the other."""
BOOLEAN_WORDS: Final = ("true", "false", "t", "f", "yes", "no", "y", "n")
"""Of which DuckDB knows what they mean; 0 and 1 are numbers."""
FORMATS: Final = (
    *(NumberFormat(), NumberFormat(",", ""), NumberFormat(",", "."), NumberFormat(".", ",")),
    *(NumberFormat(",", " "), NumberFormat(".", " "), NumberFormat(".", "'")),
)
"""The usual one first: where two read as many columns, it is the one."""
MOST_NULL_TEXTS: Final = 3
"""Of words that only repeat in a column of numbers or times."""
LEAST_TYPED: Final = 0.3
"""Share of a column's values that must be of a type for its other words to mean nothing."""


@dataclass(frozen=True)
class TextTypes:
    """What texts are read as.

    Args:
        types: by column.
        nulls: texts that mean NULL beside the empty one, most frequent first, with their columns.
        numbers: how numbers are written.
    """

    types: Mapping[str, str]
    nulls: Mapping[str, tuple[str, ...]]
    numbers: NumberFormat

    def value(self, column: str) -> str:
        """SQL of a value in its type, of a column of texts."""
        raw, kind = _meant(column, self.nulls), self.types[column]
        if kind == TEXT:
            return raw
        return cast_of(raw, TEXT, kind, "tried", Reading(self.numbers)).tried


def _meant(column: str, nulls: Iterable[str]) -> str:
    listed = ", ".join(map(literal, nulls))
    name = identifier(column)
    return f"CASE WHEN {name} NOT IN ({listed}) THEN {name} END" if listed else name


class TextTypeFinder:
    """Finds types by a sample, and proves them by all rows.

    Args:
        connection: has both relations.
        sample, rows: names of relations with the columns as text.
        knows_nulls: whether texts can be declared to mean NULL: of CSV files they can.
    """

    def __init__(
        self, connection: duckdb.DuckDBPyConnection, sample: str, rows: str, *, knows_nulls: bool
    ) -> None:
        self._connection, self._sample, self._rows = connection, sample, rows
        self._knows_nulls = knows_nulls
        self._nulls: tuple[str, ...] = NULL_TEXTS if knows_nulls else ()

    def types(self, columns: Sequence[str]) -> TextTypes:
        """The types of some columns, their number format, and the texts that mean NULL."""
        numbers = self._number_format(columns)
        possible = {column: self._possible(column, numbers) for column in columns}
        if self._knows_nulls:
            self._learn_nulls([name for name in columns if not possible[name]], numbers)
            possible = {
                name: kinds or self._possible(name, numbers) for name, kinds in possible.items()
            }
        types = self._proved(possible, numbers)
        numbers = self._as_met(types, numbers)
        return TextTypes(types, self._nulls_of(types), numbers)

    def _number_format(self, columns: Sequence[str]) -> NumberFormat:
        """The one in which most columns are numbers."""
        if not columns or not self._knows_nulls:
            return FORMATS[0]
        conditions = [
            f"bool_and(regexp_full_match({_meant(column, self._nulls)}, {literal(form.any)}))"
            for form in FORMATS
            for column in columns
        ]
        [row] = self._connection.execute(
            f"SELECT {', '.join(conditions)} FROM {self._sample}"
        ).fetchall()
        width = len(columns)
        counts = [sum(map(bool, row[at * width : (at + 1) * width])) for at in range(len(FORMATS))]
        return FORMATS[counts.index(max(counts))]

    def _possible(self, column: str, numbers: NumberFormat) -> list[str]:
        """Types that all texts of the sample fit; none where there is no text."""
        [(some, *misfits)] = self._connection.execute(
            f"SELECT {', '.join(['count(meant)', *_misfit_counts(CANDIDATES)])} FROM "
            f"{_tried(column, CANDIDATES, (self._sample, self._nulls), numbers)}"
        ).fetchall()
        if not some:
            return []
        return [kind for kind, count in zip(CANDIDATES, misfits, strict=True) if not count]

    def _learn_nulls(self, columns: Iterable[str], numbers: NumberFormat) -> None:
        """Take words that only repeat among numbers or times for NULL."""
        for column in columns:
            for kind in ("DOUBLE", LOCAL_TIME):
                tried = _tried(column, [kind], (self._sample, self._nulls), numbers)
                words = self._connection.execute(
                    f"SELECT CASE WHEN meant IS NOT NULL AND NOT {_fits(0)} THEN meant END, "
                    f"count(*) FROM {tried} WHERE meant IS NOT NULL GROUP BY 1 "
                    f"ORDER BY 2 DESC LIMIT {MOST_NULL_TEXTS + 2}"
                ).fetchall()
                typed = sum(count for word, count in words if word is None)
                others = {word: count for word, count in words if word is not None}
                if (
                    0 < len(others) <= MOST_NULL_TEXTS
                    and typed > LEAST_TYPED * (typed + sum(others.values()))
                    and not any(character.isdigit() for character in "".join(others))
                ):
                    self._nulls = (*self._nulls, *others)

    def _proved(self, possible: Mapping[str, list[str]], numbers: NumberFormat) -> dict[str, str]:
        """The first possible type of each column that all rows fit."""
        left = {name: [*kinds, TEXT] for name, kinds in possible.items()}
        while True:
            tried = {name: kinds[0] for name, kinds in left.items() if kinds[0] != TEXT}
            misfits = self._misfits(tried, numbers)
            if not misfits:
                return {name: kinds[0] for name, kinds in left.items()}
            for name in misfits:
                left[name] = left[name][1:]

    def _as_met(self, types: Mapping[str, str], numbers: NumberFormat) -> NumberFormat:
        """The format without thousands where no number has them."""
        named = [name for name, kind in types.items() if kind in ("BIGINT", "DOUBLE")]
        if not numbers.thousands or not named:
            return NumberFormat(numbers.decimal)
        separator = literal(numbers.thousands)
        grouped = [f"bool_or(contains(trim({identifier(name)}), {separator}))" for name in named]
        [met] = self._connection.execute(
            f"SELECT {', '.join(grouped)} FROM {self._rows}"
        ).fetchall()
        return numbers if any(met) else NumberFormat(numbers.decimal)

    def _misfits(self, types: Mapping[str, str], numbers: NumberFormat) -> list[str]:
        names = []
        for name, kind in types.items():
            [(count,)] = self._connection.execute(
                f"SELECT {_misfit_counts([kind])[0]} FROM "
                f"{_tried(name, [kind], (self._rows, self._nulls), numbers)}"
            ).fetchall()
            names += [name] * bool(count)
        return names

    def _nulls_of(self, types: Mapping[str, str]) -> dict[str, tuple[str, ...]]:
        """The texts that mean NULL, of all that could, and the columns that have them."""
        if not self._knows_nulls or not types:
            return {}
        met: dict[str, tuple[int, tuple[str, ...]]] = {}
        for name, kind in types.items():
            texts = STRONG if kind == TEXT else self._nulls
            listed = ", ".join(map(literal, texts))
            column = identifier(name)
            for text, count in self._connection.execute(
                f"SELECT {column}, count(*) FROM {self._rows} WHERE {column} IN ({listed}) "
                "GROUP BY 1"
            ).fetchall():
                if kind == TEXT and text == "NA" and self._is_code(name):
                    continue
                rows, columns = met.get(text, (0, ()))
                met[text] = (rows + count, (*columns, name))
        ordered = sorted(met.items(), key=lambda item: -item[1][0])
        return {text: columns for text, (_, columns) in ordered}

    def _is_code(self, column: str) -> bool:
        """Whether most values are two capital letters: NA is Namibia, or North America."""
        name = identifier(column)
        [(share,)] = self._connection.execute(
            f"SELECT avg((length({name}) = 2 AND upper({name}) = {name})::INT) "
            f"FROM {self._sample} WHERE {name} <> 'NA'"
        ).fetchall()
        return bool(share and share > 0.5)


def _tried(
    column: str, kinds: Sequence[str], source: tuple[str, Iterable[str]], numbers: NumberFormat
) -> str:
    """SQL of rows with `raw`, `meant` (NULL where it means so) and `t<n>`, tried as each type."""
    rows, nulls = source
    casts = [
        cast_of("meant", TEXT, kind, f"t{at}", Reading(numbers)) for at, kind in enumerate(kinds)
    ]
    tried = ", ".join(f"{cast.tried} AS t{at}" for at, cast in enumerate(casts))
    fits = ", ".join(
        f"coalesce(t{at} IS NOT NULL AND {cast.fits} AND {_is_kept(kind)}, false) AS f{at}"
        for at, (kind, cast) in enumerate(zip(kinds, casts, strict=True))
    )
    return (
        f"(SELECT *, {fits} FROM (SELECT meant, {tried} FROM "
        f"(SELECT {_meant(column, nulls)} AS meant FROM {rows})))"
    )


def _fits(at: int) -> str:
    return f"f{at}"


def _misfit_counts(kinds: Sequence[str]) -> list[str]:
    return [f"count(*) FILTER (meant IS NOT NULL AND NOT {_fits(at)})" for at in range(len(kinds))]


def _is_kept(kind: str) -> str:
    """SQL of whether a type keeps what the text says: a leading zero is part of a code."""
    if kind == "BOOLEAN":
        return f"lower(meant) IN ({', '.join(map(literal, BOOLEAN_WORDS))})"
    if kind in ("BIGINT", "DOUBLE"):
        return "NOT (meant LIKE '0_%' AND regexp_matches(meant, '^0[0-9]'))"
    return "true"
