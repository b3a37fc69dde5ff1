"""Profile: the bins of a version's columns and its rows in them, day by day."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import cached_property
from typing import TYPE_CHECKING

from pydantic import Field

from mlops_platform.monitoring.drift.profile.bins import ColumnBins
from mlops_platform.monitoring.drift.profile.texts import (
    Vocabulary,
    derive_columns,
    derived_from,
    fit_vocabularies,
    known_to_reference,
    known_to_windows,
)
from mlops_platform.record import Record, left_out_where, left_out_where_empty
from mlops_platform.spec import ResamplingUnit

if TYPE_CHECKING:
    from datetime import date

    import duckdb
    import numpy as np
    import pyarrow as pa
    from numpy.typing import NDArray

    from mlops_platform.monitoring.drift.profile.histogram import Histogram

    Numbers = NDArray[np.float64]


MOST_KEPT = 2_000_000
"""Entries of all columns together that stay decoded, some 60 MB."""


class FittedBins(Record):
    """The bins of every column that a version's windows are counted in.

    Args:
        vocabularies: of each text column.
        unit: what is counted apart, and drawn as a whole to see what is usual. The numbers of rows
            and groups stand where others have their days.
    """

    columns: tuple[ColumnBins, ...]
    vocabularies: dict[str, Vocabulary] = Field(default={}, exclude_if=left_out_where_empty)
    unit: ResamplingUnit = Field(default="day", exclude_if=left_out_where("day"))

    @property
    def by_name(self) -> dict[str, ColumnBins]:
        """The bins of each column."""
        return {bins.column: bins for bins in self.columns}

    @property
    def names(self) -> tuple[str, ...]:
        """The columns, in order."""
        return tuple(bins.column for bins in self.columns)


@dataclass(frozen=True)
class Profile:
    """Fitted bins with the reference's rows.

    Args:
        counts: of each column its day, key (NULL for nulls) and rows; additive, in any order. They
            may be read as they are asked for.
    """

    bins: FittedBins
    counts: Mapping[str, pa.Table]
    _kept: dict[str, DailyCounts] = field(
        default_factory=dict, init=False, repr=False, compare=False
    )

    def column(self, name: str) -> DailyCounts:
        """The rows of one column, kept as long as all that are kept are not large."""
        if name in self._kept:
            return self._kept[name]
        counts = self.counts[name]
        column = DailyCounts(
            days=counts["day"].cast("int32").to_numpy(),
            keys=counts["key"].cast("float64").to_numpy(),
            rows=counts["rows"].to_numpy(),
        )
        if sum(len(kept.rows) for kept in (*self._kept.values(), column)) <= MOST_KEPT:
            self._kept[name] = column
        return column


@dataclass(frozen=True)
class DailyCounts:
    """Rows of one column by day and key.

    Args:
        days: days since 1970, shape (n,).
        keys: NaN for nulls, shape (n,).
        rows: shape (n,).
    """

    days: NDArray[np.int32]
    keys: Numbers
    rows: NDArray[np.int64]

    @cached_property
    def _placed(self) -> tuple[Numbers, NDArray[np.intp]]:
        """Every key without that of nulls, and the place of each entry; nulls are behind all."""
        import numpy as np

        is_null = np.isnan(self.keys)
        # A stored profile is in order of its keys: then each begins where it differs from the last.
        if (self.keys[1:] >= self.keys[:-1]).sum() + is_null[1:].sum() == len(self.keys) - 1:
            begins = np.ones(len(self.keys), dtype=bool)
            begins[1:] = (self.keys[1:] != self.keys[:-1]) & ~is_null[:-1]
            at = np.cumsum(begins)
            at -= 1
            known = self.keys[begins & ~is_null]
        else:
            keys, at = np.unique(self.keys, return_inverse=True)
            known = keys[~np.isnan(keys)]
        return known, at

    @property
    def known(self) -> Numbers:
        """Every key, without that of nulls."""
        return self._placed[0]

    @cached_property
    def total(self) -> Histogram:
        """Rows of all days by key."""
        import numpy as np

        from mlops_platform.monitoring.drift.profile.histogram import Histogram

        known, at = self._placed
        weights = self.rows.astype(np.float64)
        rows = np.bincount(at, weights=weights, minlength=len(known) + 1).astype(np.float64)
        return Histogram(known, rows[:-1], float(rows[-1]))

    def first_and_last(self, days: Sequence[date]) -> tuple[NDArray[np.intp], NDArray[np.intp]]:
        """Of each known key, the first and the last of its days, as places in `days`."""
        import numpy as np

        known, at = self._placed
        on = self.places_in(days)
        first, last = np.full(len(known) + 1, len(days)), np.full(len(known) + 1, -1)
        np.minimum.at(first, at, on)
        np.maximum.at(last, at, on)
        return first[:-1], last[:-1]

    @property
    def dates(self) -> list[date]:
        """Its days that have rows, in order."""
        import numpy as np

        dates: list[date] = np.unique(self.days).astype("datetime64[D]").tolist()
        return dates

    def places_in(self, days: Sequence[date]) -> NDArray[np.intp]:
        """The place of each entry's day in all days of the reference, in order."""
        import numpy as np

        numbers = _numbers(days)
        places = np.zeros(numbers[-1] - numbers[0] + 1, dtype=np.intp)
        places[numbers - numbers[0]] = np.arange(len(numbers))
        of_entries: NDArray[np.intp] = places[self.days - numbers[0]]
        return of_entries

    def on(self, days: Sequence[date]) -> DailyCounts:
        """The rows of some days."""
        import numpy as np

        kept = np.isin(self.days, _numbers(days))
        return DailyCounts(self.days[kept], self.keys[kept], self.rows[kept])

    def by_day(
        self, days: Sequence[date], places: Callable[[Numbers], NDArray[np.intp]], size: int
    ) -> Numbers:
        """Rows per day and place, nulls in one more at the end; shape (days, size + 1).

        Args:
            days: of the reference, in order; some may have no row here.
            places: the place of each key, below `size`.
        """
        import numpy as np

        known, at = self._placed
        placed = np.append(places(known), size)[at]
        width = size + 1
        flat_places = self.places_in(days) * width + placed
        flat: Numbers = np.bincount(
            flat_places, weights=self.rows.astype(np.float64), minlength=len(days) * width
        ).astype(np.float64)
        return flat.reshape(len(days), width)

    def of_windows(self, days: Sequence[date], drawn: Numbers) -> Iterator[Numbers]:
        """Rows of every window by key, nulls last, one window after the other.

        Args:
            days: of the reference, in order.
            drawn: 1.0 where a day belongs to a window, shape (windows, days).
        """
        import numpy as np

        known, at = self._placed
        on = self.places_in(days)
        for window in drawn:
            within = self.rows * window[on]
            yield np.bincount(at, weights=within, minlength=len(known) + 1).astype(np.float64)


def _numbers(days: Sequence[date]) -> NDArray[np.int32]:
    """Days since 1970."""
    import numpy as np

    return np.array(days, dtype="datetime64[D]").astype(np.int32)


def fit_profile(
    connection: duckdb.DuckDBPyConnection,
    rows: str,
    numeric: Sequence[str],
    categorical: Sequence[str],
    day: str,
) -> Profile:
    """Fit bins to the columns of a table or view, and count its rows in them by day.

    The order of the rows does not matter.

    Args:
        numeric: columns that are DOUBLE there.
        categorical: columns that are strings there.
    """
    from mlops_platform.monitoring.drift.profile.fit_bins import (
        fit_categorical_bins,
        fit_numeric_bins,
    )

    fits = dict.fromkeys(numeric, fit_numeric_bins)
    fits |= dict.fromkeys(categorical, fit_categorical_bins)
    bins: list[ColumnBins] = []
    counts: dict[str, pa.Table] = {}
    for column, fit in fits.items():
        with _column_alone(connection, rows, column, day) as values:
            fitted = fit(connection, values, column)
            bins.append(fitted)
            counts[column] = count_days(connection, values, fitted, day)
    return Profile(FittedBins(columns=tuple(bins)), counts)


@contextmanager
def _column_alone(
    connection: duckdb.DuckDBPyConnection, rows: str, column: str, day: str
) -> Iterator[str]:
    """A table of a column and the day: it is looked at several times, in files of each day."""
    from mlops_platform.data.engine import identifier

    names = ", ".join(map(identifier, dict.fromkeys((day, column))))
    connection.execute(f"CREATE TEMP TABLE column_alone AS SELECT {names} FROM {rows}")
    try:
        yield "column_alone"
    finally:
        connection.execute("DROP TABLE column_alone")


def fit_text_profile(
    connection: duckdb.DuckDBPyConnection, rows: str, texts: Sequence[str], day: str
) -> Profile:
    """Learn the words of the text columns of a table, and profile what is derived of them."""
    vocabularies = fit_vocabularies(connection, rows, texts)
    derived = derive_columns(connection, rows, known_to_reference(vocabularies), day)
    profile = fit_profile(connection, derived, derived_from(texts), [], day)
    bins = profile.bins.model_copy(update={"vocabularies": vocabularies})
    return Profile(bins, profile.counts)


def count_days(
    connection: duckdb.DuckDBPyConnection, rows: str, bins: ColumnBins, day: str
) -> pa.Table:
    """Count the rows of a reference by day in the bins of one column."""
    from mlops_platform.monitoring.drift.profile.counting import count_bins

    return count_bins(connection, rows, bins, _known_values(connection, rows, bins), day)


def counted_by(unit: ResamplingUnit, profile: Profile) -> Profile:
    """A profile that says what its rows are counted by."""
    return Profile(profile.bins.model_copy(update={"unit": unit}), profile.counts)


def joined(*profiles: Profile) -> Profile:
    """Profiles of different columns as one."""
    bins = tuple(bins for profile in profiles for bins in profile.bins.columns)
    counts = {name: rows for profile in profiles for name, rows in profile.counts.items()}
    vocabularies = {
        text: vocabulary
        for profile in profiles
        for text, vocabulary in profile.bins.vocabularies.items()
    }
    return Profile(FittedBins(columns=bins, vocabularies=vocabularies), counts)


def count_window(
    connection: duckdb.DuckDBPyConnection, rows: str, profile: Profile, columns: Sequence[str]
) -> dict[str, Histogram]:
    """Count a window in the bins of a profile.

    Args:
        rows: SQL of the window's table or view, typed as the training set was.
        columns: those of the profile that are to be counted.
    """
    import numpy as np

    from mlops_platform.monitoring.drift.profile.counting import count_bins
    from mlops_platform.monitoring.drift.profile.histogram import histogram_of

    counted = {}
    for bins in profile.bins.columns:
        if bins.column in columns:
            known = profile.column(bins.column).known if bins.kind == "values" else np.empty(0)
            rows_by_key = count_bins(connection, rows, bins, known)
            keys = rows_by_key["key"].cast("float64").to_numpy()
            counted[bins.column] = histogram_of(keys, rows_by_key["rows"].to_numpy())
    return counted


def count_texts(
    connection: duckdb.DuckDBPyConnection, rows: str, profile: Profile
) -> dict[str, Histogram]:
    """Count what is derived of the texts of a window; nothing where the profile has none."""
    vocabularies = profile.bins.vocabularies
    if not vocabularies:
        return {}
    derived = derive_columns(connection, rows, known_to_windows(vocabularies))
    return count_window(connection, derived, profile, derived_from(vocabularies))


def _known_values(connection: duckdb.DuckDBPyConnection, rows: str, bins: ColumnBins) -> Numbers:
    import numpy as np

    from mlops_platform.data.engine import identifier

    if bins.kind != "values":
        return np.empty(0)
    value = identifier(bins.column)
    distinct = connection.sql(
        f"SELECT DISTINCT {value} AS value FROM {rows} WHERE NOT isnan({value})"
    )
    known: Numbers = distinct.fetchnumpy()["value"]
    return known
