"""What expressions over a scanned table give: their types, and what the outcomes are like."""

from __future__ import annotations

from collections.abc import Sequence
from math import ceil
from typing import Any, Final

from mlops_platform.data.engine import identifier, not_finite
from mlops_platform.data.profiling.expressions.expression import Expression
from mlops_platform.data.profiling.scanned_table import ALL_ROWS, ROW_NUMBER, SAMPLE, ScannedTable
from mlops_platform.errors import DataError, SpecError
from mlops_platform.tasks.proposals.proposal import LabelFacts

FEW_VALUES: Final = 20
DAY_SECONDS: Final = 24 * 3600
MOMENTS: Final = ("TIMESTAMP", "DATE")
AS_ISO: Final = (
    "Say how a CSV file writes it with --time-format, such as '%d.%m.%Y %H:%M'; elsewhere make it "
    "a time at the source."
)
_NUMBERS: Final = ("INT", "DOUBLE", "FLOAT", "DECIMAL")


def type_of(table: ScannedTable, flag: str, expression: Expression) -> str:
    """DuckDB type of an expression.

    Raises:
        SpecError: DuckDB cannot compute it of these rows.
    """
    try:
        # With a column of the row beside it, so that what is of many rows is refused.
        [(kind, *_)] = table.query(
            f"SELECT typeof({expression.sql}), {ROW_NUMBER} FROM {SAMPLE} LIMIT 1"
        )
        table.query(f"SELECT count({expression.sql}) FROM {ALL_ROWS}")
    except DataError as error:
        raise SpecError(flag, expression.sql, _first_sentence(str(error))) from error
    return str(kind)


def require_moment(table: ScannedTable, flag: str, expression: Expression) -> str:
    """The type of an expression that gives moments.

    Raises:
        SpecError: it gives something else.
    """
    kind = type_of(table, flag, expression)
    if not kind.startswith(MOMENTS):
        cast = f"CAST({expression.sql} AS TIMESTAMP)"
        can = f", or cast it: `{cast}`." if _is_computable(table, cast) else f". {AS_ISO}"
        fix = f"It is of type {kind} and no moment. Name a column of times{can}"
        raise SpecError(flag, expression.sql, fix)
    return kind


def label_facts(table: ScannedTable, expression: Expression) -> LabelFacts:
    """What the outcomes are like.

    Raises:
        SpecError: DuckDB cannot compute them, or they are all missing, or all the same.
    """
    sql = expression.sql
    kind = type_of(table, "label", expression)
    [(rows, distinct)] = table.query(
        f"SELECT count({sql}), approx_count_distinct({sql}) FROM {ALL_ROWS}"
    )
    if not rows:
        raise SpecError("label", sql, "It is NULL in every row: there is nothing to learn from.")
    values = _values(table, sql) if distinct <= FEW_VALUES else []
    if len(values) == 1:
        raise SpecError(
            "label",
            sql,
            f"It is {values[0][0]} in every row that has one: there is nothing to tell apart.",
        )
    facts = LabelFacts(
        expression=sql,
        type=kind,
        rows=rows,
        distinct=len(values) or distinct,
        values=tuple(value for value, _ in values),
        value_rows=tuple(rows for _, rows in values),
        positives=values[0][1] if len(values) == 2 else None,
    )
    return facts.model_copy(update=_quantiles(table, sql, kind))


def repeated_rows(table: ScannedTable, outputs: Sequence[str]) -> int:
    """Rows whose values in some columns another row has, but for the first of each."""
    columns = ", ".join(map(identifier, outputs))
    [(rows, different)] = table.query(
        f"SELECT (SELECT count(*) FROM {ALL_ROWS}), "
        f"(SELECT count(*) FROM (SELECT DISTINCT {columns} FROM {ALL_ROWS}))"
    )
    return int(rows - different)


def told_shares(
    table: ScannedTable, label: str, task_label: str, outputs: Sequence[str]
) -> dict[str, float]:
    """Share of the outcome's variance that each column's groups tell, with chance taken off.

    Args:
        label: SQL of the outcome as it was said.
        task_label: the same as its task needs it.
    """
    shares = {}
    outcome = f"CAST({task_label} AS DOUBLE)"
    for output in outputs:
        group = identifier(output)
        [(rows, groups, variance, between)] = table.query(
            f"WITH outcomes AS (SELECT {group} AS grp, {outcome} AS outcome FROM {SAMPLE} "
            f"WHERE ({label}) IS NOT NULL AND NOT ({not_finite(outcome)})), "
            "means AS (SELECT grp, count(*) AS rows, avg(outcome) AS mean FROM outcomes GROUP BY 1)"
            " SELECT (SELECT count(*) FROM outcomes), (SELECT count(*) FROM means), "
            "(SELECT var_pop(outcome) FROM outcomes), "
            "(SELECT sum(rows * (mean - (SELECT avg(outcome) FROM outcomes)) ** 2) / sum(rows) "
            "FROM means)"
        )
        if variance and rows > groups > 1:
            told = between / variance
            shares[output] = 1 - (1 - told) * (rows - 1) / (rows - groups)
    return shares


def delay_days(table: ScannedTable, time: str, known_at: str) -> int | None:
    """Days, rounded up, after which 99 of 100 outcomes are known; None where nobody knows.

    Args:
        time, known_at: SQL of moments.
    """
    # Some time on a day: known for sure when the day has ended.
    end = f"CAST({known_at} AS TIMESTAMP) + (typeof({known_at}) = 'DATE')::INTEGER * INTERVAL 1 DAY"
    delay = f"epoch({end}) - epoch(CAST({time} AS TIMESTAMP))"
    [(seconds,)] = table.query(f"SELECT quantile_cont({delay}, 0.99) FROM {SAMPLE}")
    return None if seconds is None else max(ceil(seconds / DAY_SECONDS), 0)


def _is_computable(table: ScannedTable, sql: str) -> bool:
    try:
        table.query(f"SELECT count({sql}) FROM {ALL_ROWS}")
    except DataError:
        return False
    return True


def _values(table: ScannedTable, sql: str) -> list[tuple[str, int]]:
    return [
        (str(value), int(rows))
        for value, rows in table.query(
            f"SELECT CAST({sql} AS VARCHAR) AS value, count(*) AS rows FROM {ALL_ROWS} "
            f"WHERE ({sql}) IS NOT NULL GROUP BY 1 ORDER BY rows, value"
        )
    ]


def _quantiles(table: ScannedTable, sql: str, kind: str) -> dict[str, Any]:
    if not any(number in kind for number in _NUMBERS):
        return {}
    number = f"CAST({sql} AS DOUBLE)"
    [quantiles] = table.query(
        f"SELECT quantile_cont({number}, [0.1, 0.5, 0.9]) FROM {SAMPLE} "
        f"WHERE ({sql}) IS NOT NULL AND NOT ({not_finite(number)})"
    )
    if quantiles[0] is None:
        return {}
    return dict(zip(("low_quantile", "median", "high_quantile"), quantiles[0], strict=True))


def _first_sentence(text: str) -> str:
    """What DuckDB complains of, without where it stands in a query that nobody wrote."""
    line = text.strip().partition("\n")[0]
    return f"DuckDB cannot compute it: {line.rstrip('.')}."
