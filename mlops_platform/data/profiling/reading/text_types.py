"""The types of columns that are text: the narrowest in which every value lands without loss."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final, NamedTuple

from mlops_platform.data.engine import identifier, literal
from mlops_platform.data.landing.files.csv_dialect import TIMES
from mlops_platform.data.landing.files.values import NumberFormat, Reading, cast_of
from mlops_platform.data.landing.schema.types import LOCAL_TIME, MOMENT, TEXT
from mlops_platform.data.landing.time_formats.time_format import CENTURY_START, TimeFormat
from mlops_platform.data.profiling.reading.null_texts import NULL_TEXTS, STRONG
from mlops_platform.data.profiling.reading.time_texts import (
    FLAG,
    SaidTimes,
    TextTimes,
    candidates,
)
from mlops_platform.errors import SpecError

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
SHAPES: Final = 5
"""Frequent values whose shapes say in which formats a column may be."""
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
        times: how times are.
    """

    types: Mapping[str, str]
    nulls: Mapping[str, tuple[str, ...]]
    numbers: NumberFormat
    times: TextTimes = field(default_factory=TextTimes)

    def value(self, column: str) -> str:
        """SQL of a value in its type, of a column of texts."""
        raw, kind = _meant(column, self.nulls), self.types[column]
        if kind == TEXT:
            return raw
        reading = Reading(self.numbers, times=self.times.formats.get(column))
        return cast_of(raw, TEXT, kind, "tried", reading).tried


class Typed(NamedTuple):
    """A type that a column may be of.

    Args:
        times: in which its times would be written.
    """

    kind: str
    times: TimeFormat | None = None


def _meant(column: str, nulls: Iterable[str]) -> str:
    listed = ", ".join(map(literal, nulls))
    name = identifier(column)
    return f"CASE WHEN {name} NOT IN ({listed}) THEN {name} END" if listed else name


class TextTypeFinder:
    """Finds types by a sample, and proves them by all rows.

    Args:
        connection: has both relations.
        sample, rows: names of relations with the columns as text.
        said: how times are written; None where it cannot be declared, nor which texts mean NULL:
            of CSV files both can.
    """

    def __init__(
        self,
        connection: duckdb.DuckDBPyConnection,
        sample: str,
        rows: str,
        said: SaidTimes | None,
    ) -> None:
        self._connection, self._sample, self._rows = connection, sample, rows
        self._said, self._knows_nulls = said, said is not None
        self._nulls: tuple[str, ...] = NULL_TEXTS if self._knows_nulls else ()

    def types(self, columns: Sequence[str]) -> TextTypes:
        """The types of some columns, their formats, and the texts that mean NULL.

        Raises:
            SpecError: a format that was said does not fit.
        """
        numbers = self._number_format(columns)
        possible = {column: self._possible(column, numbers) for column in columns}
        if self._knows_nulls:
            self._learn_nulls([name for name in columns if not possible[name]], numbers)
            possible = {
                name: kinds or self._possible(name, numbers) for name, kinds in possible.items()
            }
        times = self._times(possible, numbers)
        formatted = {name: [Typed(form.kind, form)] for name, form in times.formats.items()}
        types = self._proved({**possible, **formatted}, numbers)
        numbers = self._as_met(types, numbers)
        return TextTypes(types, self._nulls_of(types), numbers, times)

    def _number_format(self, columns: Sequence[str]) -> NumberFormat:
        """The one in which most columns are numbers."""
        if not columns or not self._knows_nulls:
            return FORMATS[0]
        conditions = [
            f"bool_and(regexp_full_match(meant{at}, {literal(form.any)}) "
            f"AND {_is_kept('DOUBLE', f'meant{at}')})"
            for form in FORMATS
            for at in range(len(columns))
        ]
        meant = ", ".join(
            f"{_meant(column, self._nulls)} AS meant{at}" for at, column in enumerate(columns)
        )
        [row] = self._connection.execute(
            f"SELECT {', '.join(conditions)} FROM (SELECT {meant} FROM {self._sample})"
        ).fetchall()
        width = len(columns)
        counts = [sum(map(bool, row[at * width : (at + 1) * width])) for at in range(len(FORMATS))]
        return FORMATS[counts.index(max(counts))]

    def _possible(self, column: str, numbers: NumberFormat) -> list[Typed]:
        """Types that all texts of the sample fit; none where there is no text."""
        return self._fitting(column, [Typed(kind) for kind in CANDIDATES], self._sample, numbers)

    def _fitting(
        self, column: str, ways: Sequence[Typed], rows: str, numbers: NumberFormat
    ) -> list[Typed]:
        """The types that all texts of some rows fit; none where there is no text."""
        [(some, *misfits)] = self._connection.execute(
            f"SELECT {', '.join(['count(meant)', *_misfit_counts(ways)])} FROM "
            f"{_tried(column, ways, (rows, self._nulls), numbers)}"
        ).fetchall()
        if not some:
            return []
        return [way for way, count in zip(ways, misfits, strict=True) if not count]

    def _times(self, possible: Mapping[str, list[Typed]], numbers: NumberFormat) -> TextTimes:
        """The columns that are times in a format: of all rows, and not only of the sample."""
        times = TextTimes()
        if self._said is None:
            return times
        said, usual = self._said.of_columns(possible), self._said.of_any()
        used: set[TimeFormat] = set()
        for name, ways in possible.items():
            named = said.get(name)
            fitting = self._fitting_formats(name, [named] if named else usual, numbers)
            if named and not fitting:
                raise self._misfit(name, named)
            used |= {*fitting}
            if not fitting and not any(way.kind in TIMES for way in ways):
                texts = self._frequent(name)
                forms = candidates(name, texts, self._said.century_start)
                fitting = self._fitting_formats(name, forms, numbers)
            if len(fitting) == 1:
                times.formats[name] = fitting[0]
            elif fitting:
                times.ambiguous[name] = tuple(fitting)
        if unused := [str(form) for form in usual if form not in used]:
            raise SpecError(FLAG, unused[0], "No text column has only such times.")
        return times

    def _fitting_formats(
        self, column: str, forms: Sequence[TimeFormat], numbers: NumberFormat
    ) -> list[TimeFormat]:
        ways = [Typed(form.kind, form) for form in forms]
        for rows in (self._sample, self._rows):
            ways = self._fitting(column, ways, rows, numbers) if ways else []
        return [way.times for way in ways if way.times is not None]

    def _frequent(self, column: str) -> list[str]:
        rows = self._connection.execute(
            f"SELECT {_meant(column, self._nulls)} AS meant, count(*) FROM {self._sample} "
            f"WHERE meant IS NOT NULL GROUP BY 1 ORDER BY 2 DESC, 1 LIMIT {SHAPES}"
        ).fetchall()
        return [str(text) for text, _ in rows]

    def _misfit(self, column: str, form: TimeFormat) -> SpecError:
        """That a format was said which a value is not in."""
        meant = _meant(column, self._nulls)
        first = self._connection.execute(
            f"SELECT {meant} AS meant FROM {self._rows} WHERE meant IS NOT NULL "
            f"AND {form.time('meant')} IS NULL LIMIT 1"
        ).fetchone()
        what = f"{first[0]!r} is not written so" if first else "it has no value"
        fix = f"Of the column '{column}' {what}, but like {form.example} it would be."
        return SpecError(FLAG, f"{column}={form}", fix)

    def _learn_nulls(self, columns: Iterable[str], numbers: NumberFormat) -> None:
        """Take words that only repeat among numbers or times for NULL."""
        for column in columns:
            for way in self._worth_words(column):
                tried = _tried(column, [way], (self._sample, self._nulls), numbers)
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

    def _worth_words(self, column: str) -> list[Typed]:
        """Types among whose values other words may mean NULL."""
        forms = candidates(column, self._frequent(column), CENTURY_START)
        written = [Typed(form.kind, form) for form in forms]
        return [Typed("DOUBLE"), Typed(LOCAL_TIME), *written]

    def _proved(self, possible: Mapping[str, list[Typed]], numbers: NumberFormat) -> dict[str, str]:
        """The first possible type of each column that all rows fit."""
        left = {name: [*ways, Typed(TEXT)] for name, ways in possible.items()}
        while True:
            tried = {name: ways[0] for name, ways in left.items() if ways[0].kind != TEXT}
            misfits = self._misfits(tried, numbers)
            if not misfits:
                return {name: ways[0].kind for name, ways in left.items()}
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

    def _misfits(self, types: Mapping[str, Typed], numbers: NumberFormat) -> list[str]:
        names = []
        for name, way in types.items():
            [(count,)] = self._connection.execute(
                f"SELECT {_misfit_counts([way])[0]} FROM "
                f"{_tried(name, [way], (self._rows, self._nulls), numbers)}"
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
    column: str, ways: Sequence[Typed], source: tuple[str, Iterable[str]], numbers: NumberFormat
) -> str:
    """SQL of rows with `raw`, `meant` (NULL where it means so) and `t<n>`, tried as each type."""
    rows, nulls = source
    casts = [
        cast_of("meant", TEXT, way.kind, f"t{at}", Reading(numbers, times=way.times))
        for at, way in enumerate(ways)
    ]
    tried = ", ".join(f"{cast.tried} AS t{at}" for at, cast in enumerate(casts))
    fits = ", ".join(
        f"coalesce(t{at} IS NOT NULL AND {cast.fits} AND {_is_kept(way.kind)}, false) AS f{at}"
        for at, (way, cast) in enumerate(zip(ways, casts, strict=True))
    )
    return (
        f"(SELECT *, {fits} FROM (SELECT meant, {tried} FROM "
        f"(SELECT {_meant(column, nulls)} AS meant FROM {rows})))"
    )


def _fits(at: int) -> str:
    return f"f{at}"


def _misfit_counts(ways: Sequence[Typed]) -> list[str]:
    return [f"count(*) FILTER (meant IS NOT NULL AND NOT {_fits(at)})" for at in range(len(ways))]


def _is_kept(kind: str, text: str = "meant") -> str:
    """SQL of whether a type keeps what the text says: a leading zero is part of a code."""
    if kind == "BOOLEAN":
        return f"lower({text}) IN ({', '.join(map(literal, BOOLEAN_WORDS))})"
    if kind in ("BIGINT", "DOUBLE"):
        return f"NOT ({text} LIKE '0_%' AND regexp_matches({text}, '^0[0-9]'))"
    return "true"
