"""The staging model of a landed table: names, types, and what is missing in disguise."""

from __future__ import annotations

from typing import Any

from mlops_platform.templates import Templates
from mlops_platform.usecases.scaffold.files.columns import (
    column,
    description,
    moments_of_versions,
    source_text,
)
from mlops_platform.usecases.scaffold.files.commented_yaml import commented_yaml, neutral
from mlops_platform.usecases.scaffold.files.expressions import (
    Expression,
    cleaned,
    computed,
    contract_type,
)
from mlops_platform.usecases.scaffold.files.names import (
    DELIVERED_AT,
    KNOWN_AT,
    SUPERSEDED_AT,
    Names,
)

TEMPLATES = Templates("mlops_platform.usecases.scaffold.files")


def staging_sql(names: Names) -> str:
    """The SQL of the staging model."""
    columns = [
        *computed(names),
        Expression(f"day as {names.landing_day}"),
        *map(cleaned, names.columns),
        *map(Expression, (DELIVERED_AT, KNOWN_AT, SUPERSEDED_AT)),
    ]
    source = f"{{{{ source('landing', '{names.choices.table}') }}}}"
    return TEMPLATES.render("staging.sql.j2", source=source, columns=columns) + "\n"


def staging_yaml(names: Names) -> str:
    """Its columns."""
    model = {
        "name": names.staging,
        "description": neutral(f"Rows of {source_text(names.choices)}, all versions of each."),
        "config": {"materialized": "view"},
        "columns": [
            *computed_columns(names),
            column(names.landing_day, "date", "Day on which the row landed."),
            *(
                column(of.output, contract_type(names, of.output), description(of))
                for of in names.columns
            ),
            *moments_of_versions(),
        ],
    }
    return commented_yaml({"version": 2, "models": [model]}, {})


def computed_columns(names: Names) -> list[dict[str, Any]]:
    """Columns that the source does not have."""
    choices, added = names.choices, []
    if len(choices.entity) > 1:
        what = "Hash of" if names.entity_is_hashed else "Put together of"
        added.append(column(names.entity, "varchar", f"{what} {', '.join(choices.entity)}."))
    if names.event_time is not None and names.event_time not in names.types:
        text = f"Moment of the prediction: {choices.event_time}."
        added.append(column(names.event_time, "timestamptz", text))
    return added
