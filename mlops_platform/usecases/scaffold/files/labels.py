"""The label table of a model: what became of each row, and when it was known."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, Final

from mlops_platform.usecases.scaffold.files.columns import (
    NOT_NULL,
    column,
    key_list,
    superseded,
)
from mlops_platform.usecases.scaffold.files.commented_yaml import commented_yaml
from mlops_platform.usecases.scaffold.files.expressions import (
    Expression,
    day,
    is_versioned,
    known_at,
    of_source,
    version_columns,
)
from mlops_platform.usecases.scaffold.files.marts import (
    PRESENT,
    in_range,
    key_columns,
    label_expression,
    mart,
    relation,
    unique_entity,
)
from mlops_platform.usecases.scaffold.files.names import (
    DELIVERED_AT,
    KNOWN_AT,
    SUPERSEDED_AT,
    Names,
)
from mlops_platform.usecases.scaffold.files.rolling import OUTCOME
from mlops_platform.usecases.scaffold.files.sql import quoted
from mlops_platform.usecases.scaffold.files.staging import TEMPLATES

SINCE_EVER: Final = "'-infinity'::timestamptz"


def labels_sql(names: Names) -> str:
    """The SQL of the label table."""
    known, label = known_at(names), quoted(names.choices.label_name)
    versions, superseded_at = version_columns(names)
    has_events = names.event_time is not None
    values = [quoted(name) for name in (names.event_time, names.choices.label_name) if name]
    arguments = f"'outcomes',\n        {key_list(_fact(names))!r},\n        {values!r}"
    merged = f"{{{{ merged_versions(\n        {arguments}\n    ) }}}}"
    moments = [*versions, *([known] if known else [])] or [Expression(SINCE_EVER)]
    return (
        TEMPLATES.render(
            "labels.sql.j2",
            facts=list(_fact_columns(names)),
            moments=moments,
            superseded_at=superseded_at,
            relation=relation(names),
            in_range=in_range(names),
            condition=Expression(f"{known.sql} is not null", known.unlinted) if known else None,
            only_outcomes=has_events,
            merged=merged if has_events and is_versioned(names) else "",
            label=label,
            columns=list(_selected(names)),
        )
        + "\n"
    )


def labels_yaml(names: Names) -> str:
    """Its contract and its tests."""
    choices, name, known = names.choices, names.labels, known_column(names)
    outcome_text = f"What became of each row, one row per version of what is known: {choices.label}"
    order = {"order_by": [names.entity, known], "reach_days": 0}
    model = mart(names, name, f"{outcome_text}.", **order)
    model["data_tests"] = [unique_entity(names, name, has_versions=True), *_tests(names)]
    outcome = {"constraints": NOT_NULL} if names.event_time is not None else {}
    kind = names.label_type.lower()
    model["columns"] = [
        *key_columns(names),
        column(choices.label_name, kind, f"The outcome: {choices.label}.", **outcome),
        column(known, "timestamptz", _known_text(names), constraints=NOT_NULL),
        superseded(),
    ]
    return commented_yaml({"version": 2, "models": [model]}, {})


def known_column(names: Names) -> str:
    """Column of the label table with the moment at which a label became known."""
    return DELIVERED_AT if names.choices.known_at is None else KNOWN_AT


def _fact(names: Names) -> list[str]:
    """Columns that identify what a label is of, on the day on which it landed."""
    return [names.entity, day(names)]


def _fact_columns(names: Names) -> Iterator[Expression]:
    for name in (names.entity, day(names), names.event_time):
        if name is not None:
            yield of_source(names, name)
    yield label_expression(names)
    if names.choices.known_at is None:
        yield Expression(DELIVERED_AT)


def _selected(names: Names) -> Iterator[str]:
    yield quoted(names.entity)
    if names.event_time is not None:
        yield names.event_time
    of_day = day(names)
    yield of_day if of_day == names.partition else f"{of_day} as {names.partition}"
    yield quoted(names.choices.label_name)
    yield known_column(names)
    yield SUPERSEDED_AT


def _known_text(names: Names) -> str:
    if names.choices.known_at is None:
        return "When the outcome became known: the arrival of the row that says it."
    return f"When the outcome became known: {names.choices.known_at}, or the row that says it."


def _tests(names: Names) -> Iterator[dict[str, Any]]:
    """That nothing is known before its event."""
    if names.event_time is None or names.choices.known_at is None:
        return
    # Where rolling features read outcomes, one that is known at its own event tells of itself.
    leaks = any(rolling.value == OUTCOME for rolling in names.choices.rolling)
    yield {
        "expressions_hold": {
            "name": f"{names.labels}_are_known_after_their_event",
            "description": (
                "What is known at its own event is no prediction, and rolling features would tell "
                "of it."
            ),
            "arguments": {
                "day": names.partition,
                "expressions": [f"{KNOWN_AT} > {names.event_time}"],
            },
            "config": {"severity": "error" if leaks else "warn", **PRESENT},
        }
    }
