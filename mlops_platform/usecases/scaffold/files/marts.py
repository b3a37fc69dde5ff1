"""What both published tables of a model have in common."""

from __future__ import annotations

from typing import Any

from mlops_platform.usecases.scaffold.files.columns import NOT_NULL, column
from mlops_platform.usecases.scaffold.files.commented_yaml import neutral
from mlops_platform.usecases.scaffold.files.expressions import (
    Expression,
    contract_type,
    day,
    written,
)
from mlops_platform.usecases.scaffold.files.names import SUPERSEDED_AT, Names
from mlops_platform.usecases.scaffold.files.sql import is_whole, quoted

PRESENT = {"where": f"{SUPERSEDED_AT} is null"}
"""Condition of tests that versions of before are no part of."""


def relation(names: Names) -> str:
    """The relation that marts read."""
    return f"{{{{ ref('{names.staging}') }}}}"


def in_range(names: Names, lookback_days: int = 0) -> str:
    """Condition on the days of a build."""
    lookback = f", lookback_days={lookback_days}" if lookback_days else ""
    return f"{{{{ in_build_range('{day(names)}'{lookback}) }}}}"


def midnight(names: Names) -> Expression:
    """The moment at which the day of a row begins."""
    return Expression(f"timezone('{names.choices.timezone}', {day(names)}::timestamp)")


def label_expression(names: Names) -> Expression:
    """The outcome, as it is published."""
    choices = names.choices
    if names.label_type == "DOUBLE":
        inner = written(choices.label)
        return Expression(f"{inner.sql}::double as {quoted(choices.label_name)}", inner.unlinted)
    return written(choices.label, choices.label_name)


def label_decimals(names: Names) -> int:
    """Digits that count in a sum of outcomes."""
    whole = is_whole(names.types.get(names.choices.label, ""))
    return 0 if whole or names.label_type == "BOOLEAN" else 6


def mart(names: Names, name: str, description: str, **meta: Any) -> dict[str, Any]:
    """A published table, without its tests and columns.

    Args:
        meta: of `meta.mlops`, beside what both tables have.
    """
    return {
        "name": name,
        "description": neutral(description),
        "config": {
            "materialized": "incremental",
            "incremental_strategy": "replace_days",
            "meta": {
                "mlops": {"publish": True, "partition_by": names.partition, **meta},
                "dagster": {"owners": list(names.choices.owners)},
            },
        },
    }


def key_columns(names: Names) -> list[dict[str, Any]]:
    """Entity, event time and day of a row."""
    choices = names.choices
    identifies = f"Identifies a prediction: {', '.join(choices.entity)}."
    single = len(choices.entity) == 1
    kind = contract_type(names, choices.entity[0]) if single else "varchar"
    columns = [column(names.entity, kind, identifies, constraints=NOT_NULL)]
    if names.event_time is not None:
        text = f"Moment of the prediction: {choices.event_time}."
        columns.append(column(names.event_time, "timestamptz", text, constraints=NOT_NULL))
    text = f"Day of the row in {choices.timezone}, by which the table is published."
    return [*columns, column(names.partition, "date", text, constraints=NOT_NULL)]


def unique_entity(names: Names, mart: str, *, has_versions: bool) -> dict[str, Any]:
    """Test that of the present rows one is of an entity; without event time one of each day.

    Args:
        has_versions: whether the table has rows that were superseded.
    """
    present = {"config": PRESENT} if has_versions else {}
    if names.event_time is None:
        return {
            "unique_together": {
                "name": f"{mart}_have_one_row_per_day",
                "arguments": {
                    "columns": [quoted(names.entity), names.partition],
                    "day": names.partition,
                },
                **present,
            }
        }
    return {
        "unique_key": {
            "name": f"{mart}_have_one_row",
            "arguments": {"column_name": quoted(names.entity), "day": names.partition},
            **present,
        }
    }
