"""The feature table of a model: what was known of each row at its event, by day."""

from __future__ import annotations

from collections.abc import Iterator
from decimal import ROUND_CEILING, ROUND_FLOOR, Context
from typing import Any

from mlops_platform.usecases.scaffold.choices import ColumnChoice
from mlops_platform.usecases.scaffold.files.columns import (
    column,
    description,
    key_list,
    superseded,
)
from mlops_platform.usecases.scaffold.files.commented_yaml import commented_yaml
from mlops_platform.usecases.scaffold.files.expressions import (
    contract_type,
    day,
    fact_columns,
    is_versioned,
    version_columns,
)
from mlops_platform.usecases.scaffold.files.marts import (
    PRESENT,
    in_range,
    key_columns,
    mart,
    relation,
    unique_entity,
)
from mlops_platform.usecases.scaffold.files.names import SUPERSEDED_AT, Names
from mlops_platform.usecases.scaffold.files.rolling import (
    reach_days,
    rolling_features,
    rolling_groups,
)
from mlops_platform.usecases.scaffold.files.sql import dbt_type, is_number, quoted
from mlops_platform.usecases.scaffold.files.staging import TEMPLATES

SPARE_SHARE = 0.5
"""Of the rows that had a value so many may lack it in a week before somebody is told."""
MOSTLY_MISSING = 0.9

DIGITS = 6
"""That a bound of a range has at most."""


def features_sql(names: Names) -> str:
    """The SQL of the feature table."""
    has_versions = is_versioned(names) and names.event_time is not None
    rows = "known" if has_versions else "facts"
    key = key_list([names.entity, day(names)])
    return (
        TEMPLATES.render(
            "features.sql.j2",
            facts=fact_columns(names),
            relation=relation(names),
            in_range=in_range(names),
            only_present=is_versioned(names) and names.event_time is None,
            known_at_event=f"{{{{ known_at_event('facts', {key!r}) }}}}" if has_versions else "",
            groups=rolling_groups(names),
            superseded_at=version_columns(names)[1],
            rolling=list(rolling_features(names, rows)),
            columns=list(_selected(names, rows)),
            rows=rows,
            entity=quoted(names.entity),
        )
        + "\n"
    )


def features_yaml(names: Names) -> str:
    """Its contract and its tests."""
    choices, name = names.choices, names.features
    moment = "as it was known at its event time" if names.event_time else "of each day"
    reach = {"order_by": [names.entity], "reach_days": reach_days(names)}
    known = f"What is known of each row, {moment}: {choices.description}"
    model = mart(names, name, known, **reach)
    model["data_tests"] = [
        unique_entity(names, name, has_versions=names.event_time is not None),
        *_tests(names),
    ]
    model["columns"] = [
        *key_columns(names),
        *(_declared(names, of) for of in inputs(names)),
        *(
            column(rolling.name, "double", _told(rolling.key, rolling.hours, rolling.value))
            for rolling in choices.rolling
        ),
        *([superseded()] if names.event_time else []),
    ]
    reasons = {}
    if choices.rolling:
        reasons["models.0.config.meta.mlops.reach_days"] = (
            "The longest window, and the days that its outcomes take to become known."
        )
    return commented_yaml({"version": 2, "models": [model]}, reasons)


def inputs(names: Names) -> tuple[ColumnChoice, ...]:
    """Columns of the source that the feature table has: features and sensitive ones."""
    keys = {names.entity, names.event_time}
    return tuple(
        of for of in names.columns if of.role in ("feature", "sensitive") and of.output not in keys
    )


def _selected(names: Names, rows: str) -> Iterator[str]:
    yield f"{rows}.{quoted(names.entity)}"
    if names.event_time is not None:
        yield f"{rows}.{names.event_time}"
    yield f"{rows}.{day(names)}" + _renamed(day(names), names.partition)
    for of in inputs(names):
        value, name = f"{rows}.{quoted(of.output)}", names.feature(of.output)
        published = published_type(names, of)
        if published != contract_type(names, of.output):
            yield f"{value}::{published} as {quoted(name)}"
        else:
            yield value + _renamed(of.output, name)
    for rolling in names.choices.rolling:
        yield f"{rolling.name}_rows.rolling_mean as {rolling.name}"
    if names.event_time is not None:
        if is_versioned(names):
            yield f"{rows}.{SUPERSEDED_AT}"
        else:
            yield f"null::timestamptz as {SUPERSEDED_AT}"


def published_type(names: Names, of: ColumnChoice) -> str:
    """Type in which a feature of its kind can be published."""
    kind = names.types[of.output]
    if of.kind == "boolean":
        return "boolean"
    if of.kind in ("categorical", "text") and not (is_number(kind) or kind == "BOOLEAN"):
        return "varchar"
    if of.kind == "numeric" and not is_number(kind):
        return "double"
    return dbt_type(kind)


def _declared(names: Names, of: ColumnChoice) -> dict[str, Any]:
    return column(names.feature(of.output), published_type(names, of), description(of))


def _renamed(column_name: str, name: str) -> str:
    return "" if column_name == name else f" as {quoted(name)}"


def _tests(names: Names) -> Iterator[dict[str, Any]]:
    """Tests that tell of what was not seen before, and stop nothing."""
    name, by_day = names.features, {"day": names.partition}
    warn = {"severity": "warn", **(PRESENT if names.event_time else {})}
    ranges = dict(_ranges(names))
    if ranges:
        yield {
            "within_ranges": {
                "name": f"{name}_are_in_the_range_seen",
                "description": "What was seen, and as much again on both sides.",
                "arguments": {**by_day, "ranges": ranges},
                "config": warn,
            }
        }
    if names.event_time is None:
        return
    yield {
        "every_day_has_rows": {
            "name": f"{name}_have_every_day",
            "arguments": by_day,
            "config": warn,
        }
    }
    bounds = {
        quoted(names.feature(of.output)): round(
            of.missing_share + SPARE_SHARE * (1 - of.missing_share), 3
        )
        for of in inputs(names)
        if of.missing_share < MOSTLY_MISSING and of.role == "feature"
    }
    if bounds:
        yield {
            "weekly_null_shares_below": {
                "name": f"{name}_are_filled",
                "description": "No week lacks many more values than all rows together.",
                "arguments": {**by_day, "bounds": bounds},
                "config": warn,
            }
        }


def _ranges(names: Names) -> Iterator[tuple[str, list[float]]]:
    for of in inputs(names):
        if of.kind == "numeric" and of.low is not None and of.high is not None:
            span = of.high - of.low
            low = of.low - span if of.low < 0 else max(0.0, of.low - span)
            yield quoted(names.feature(of.output)), _outward(low, of.high + span)


def _outward(low: float, high: float) -> list[float]:
    """A range as a person would write it, and never a narrower one."""
    sides = ((low, ROUND_FLOOR), (high, ROUND_CEILING))
    return [
        float(Context(prec=DIGITS, rounding=rounding).create_decimal(repr(value)))
        for value, rounding in sides
    ]


def _told(key: tuple[str, ...], hours: int, value: str) -> str:
    of_whom = f"of the same {', '.join(key)}" if key else "of all rows"
    what = "outcomes" if value == "outcome" else value
    return f"Mean of {what} {of_whom} that became known in the {hours} hours before; NULL without."
