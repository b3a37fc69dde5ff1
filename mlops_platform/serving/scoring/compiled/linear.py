"""A linear model as a few sums over features: preprocessing and coefficients in one."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, ClassVar, NamedTuple

from msgspec import Struct

from mlops_platform.serving.scoring.compiled.columns import (
    ColumnBatch,
    CompiledColumn,
    CompiledRow,
    Key,
    Lookup,
    NotCompilable,
    Number,
    Operation,
    Source,
    calculate,
)

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

LINEAR = (
    *("LogisticRegression", "LogisticRegressionCV", "SGDClassifier", "RidgeClassifier"),
    *("LinearRegression", "Ridge", "Lasso", "ElasticNet", "SGDRegressor"),
    *("HuberRegressor", "QuantileRegressor"),
)


class Slope(NamedTuple):
    """`(value - shift) * factor`, or `missing` where the row has no value.

    The shift is kept apart, because `factor * value + constant` cancels where a column's mean is
    far larger than its deviation.
    """

    source: Source
    shift: float
    factor: float
    missing: float


class LinearTerms(Struct, frozen=True, tag=True):
    """A linear model as plain data.

    Args:
        tables: what each category of a feature adds, one table for a feature.
    """

    intercept: float
    slopes: tuple[Slope, ...]
    tables: tuple[Lookup, ...]


class Table(NamedTuple):
    """What each category of a feature adds."""

    source: Source
    look_up: Callable[[Key, float], float]
    default: float


@dataclass(frozen=True)
class LinearScore:
    """The raw score of a linear model, straight from a row.

    Args:
        best_rows: more at once are quicker by columns.
        columns_need_pipeline: whether those need what loads it, scikit-learn.
    """

    intercept: float
    slopes: tuple[Slope, ...]
    tables: tuple[Table, ...]
    best_rows: ClassVar[int] = 60
    columns_need_pipeline: ClassVar[bool] = False

    @classmethod
    def of(cls, terms: LinearTerms) -> LinearScore:
        """Ready to be asked."""
        tables = (Table(table.source, table.table.get, table.default) for table in terms.tables)
        return cls(terms.intercept, terms.slopes, tuple(tables))

    def by_position(self, positions: Mapping[Any, int]) -> LinearScore:
        """The same of the values of a row."""
        slopes = (slope._replace(source=positions[slope.source]) for slope in self.slopes)
        tables = (table._replace(source=positions[table.source]) for table in self.tables)
        return replace(self, slopes=tuple(slopes), tables=tuple(tables))

    def raw(self, row: CompiledRow) -> float:
        """The raw score of one row."""
        total = self.intercept
        for name, shift, factor, missing in self.slopes:
            value = row[name]
            total += missing if value is None else (value - shift) * factor
        for name, look_up, default in self.tables:
            total += look_up(row[name], default)
        return total

    def raws(self, rows: Sequence[CompiledRow]) -> list[float]:
        """The raw scores of some rows."""
        return [self.raw(row) for row in rows]

    def raws_of(self, batch: ColumnBatch) -> NDArray[np.float64]:
        """The raw scores of the rows of a batch: term after term, as for a single row."""
        import numpy as np

        total = np.full(batch.rows, self.intercept)
        for source, shift, factor, missing in self.slopes:
            numbers = batch.numbers(source)
            total += np.where(np.isnan(numbers), missing, (numbers - shift) * factor)
        for source, look_up, default in self.tables:
            total += batch.looked_up(source, look_up, default)
        return total

    def by_source(self, row: CompiledRow) -> dict[Any, float]:
        """What each feature adds to the intercept."""
        terms: dict[Source, float] = defaultdict(float)
        for name, shift, factor, missing in self.slopes:
            value = row[name]
            terms[name] += missing if value is None else (value - shift) * factor
        for name, look_up, default in self.tables:
            terms[name] += look_up(row[name], default)
        return dict(terms)


def read_linear(
    estimator: Any, columns: Iterable[CompiledColumn], position: int | None = None
) -> LinearTerms:
    """Merge the coefficients of a fitted linear model into its columns.

    Args:
        position: of the class whose score it is, where there is one for each.

    Raises:
        NotCompilable: a column is still text.
    """
    from numpy import ravel

    coefficients = estimator.coef_ if position is None else estimator.coef_[position]
    weighted = list(zip(coefficients.ravel().tolist(), columns, strict=True))
    tables = _merged((weight, c) for weight, c in weighted if isinstance(c, Lookup))
    # Of a classifier it is an array, of a regressor a number.
    own = slice(None) if position is None else [position]
    intercept = sum(ravel(estimator.intercept_)[own].tolist()) if estimator.fit_intercept else 0.0
    slopes = []
    for weight, column in weighted:
        if isinstance(column, Number):
            slope, constant = _slope(weight, column)
            intercept += constant
            indicator = tables.get(column.source)
            if indicator is not None and indicator.table.keys() == {None}:
                # Only told apart whether the number is there: that is known already.
                del tables[column.source]
                intercept += indicator.default
                missing = slope.missing + indicator.table[None] - indicator.default
                slope = slope._replace(missing=missing)
            slopes.append(slope)
        elif not isinstance(column, Lookup):
            raise NotCompilable(f"{column.source}: reaches the estimator as text.")
    return LinearTerms(intercept, tuple(slopes), tuple(tables.values()))


def _slope(weight: float, column: Number) -> tuple[Slope, float]:
    """The line of one column, and the constant to be added once for all."""
    shift, factor, constant = 0.0, 1.0, 0.0
    for symbol, operand in column.operations:
        if symbol in ("*", "/"):
            operation: Operation = (symbol, operand)
            factor, constant = calculate(operation, factor), calculate(operation, constant)
        elif factor == 1.0 and constant == 0.0:
            shift += operand if symbol == "-" else -operand
        else:
            constant += operand if symbol == "+" else -operand
    factor, constant = factor * weight, constant * weight
    # The constant is in the intercept; where the value is missing, it must not count twice.
    return Slope(column.source, shift, factor, column.missing * weight - constant), constant


def _merged(weighted: Iterable[tuple[float, Lookup]]) -> dict[Source, Lookup]:
    """One weighted table per feature."""
    by_source: dict[Source, list[tuple[float, Lookup]]] = defaultdict(list)
    for weight, lookup in weighted:
        by_source[lookup.source].append((weight, lookup))
    return {source: _sum_of(source, lookups) for source, lookups in by_source.items()}


def _sum_of(source: Source, weighted: list[tuple[float, Lookup]]) -> Lookup:
    default = sum(weight * lookup.default for weight, lookup in weighted)
    table: dict[Key, float] = defaultdict(lambda: default)
    for weight, lookup in weighted:
        for key, value in lookup.table.items():
            table[key] += weight * (value - lookup.default)
    return Lookup(source, dict(table), default)
