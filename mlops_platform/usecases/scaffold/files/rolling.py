"""Rolling features: of which facts they are means, and how far a build looks back for them."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from math import ceil
from typing import Final

from mlops_platform.usecases.scaffold.choices import RollingChoice
from mlops_platform.usecases.scaffold.files.columns import key_list
from mlops_platform.usecases.scaffold.files.expressions import (
    Expression,
    day,
    event_moment,
    known_at,
    of_source,
    version_columns,
    written,
)
from mlops_platform.usecases.scaffold.files.marts import (
    in_range,
    label_decimals,
    label_expression,
    midnight,
)
from mlops_platform.usecases.scaffold.files.names import DELIVERED_AT, Names
from mlops_platform.usecases.scaffold.files.sql import is_whole, quoted

OUTCOME: Final = "outcome"
"""The value of a rolling feature that is the label."""
UNKNOWN_DELAY: Final = 30
"""Days after which an outcome counts no more, where nobody has said how long they take."""
DAY_HOURS: Final = 24
BOUNDARY_DAYS: Final = 2
"""A row of the evening, and days that begin elsewhere than in UTC."""
ANY_DIGITS: Final = 6


@dataclass(frozen=True)
class FactGroup:
    """Facts that become known at the same moment of their lives.

    Args:
        name: of the relation.
        columns: selected of each version.
        moments: the latest of which is when a version was known.
        condition: beside the days; None where all versions count.
        outcome: column that must be there; None where each feature has its own.
        bound_days: after the beginning of its day a fact that first becomes known counts no more.
        hours: of the longest window.
    """

    names: Names
    name: str
    columns: tuple[Expression, ...]
    moments: tuple[Expression, ...]
    condition: Expression | None
    outcome: str | None
    bound_days: int
    hours: int

    @property
    def reach_days(self) -> int:
        """So many days after its own a fact influences features."""
        return self.bound_days + ceil(self.hours / DAY_HOURS) + 1

    @property
    def in_range(self) -> str:
        """Condition on the days that a build looks at."""
        return in_range(self.names, self.reach_days)

    @property
    def day(self) -> str:
        """Column with the day of a fact."""
        return day(self.names)

    @property
    def fact(self) -> tuple[str, str]:
        """Columns that identify a fact, all versions of it."""
        return quoted(self.names.entity), self.day


@dataclass(frozen=True)
class RollingFeature:
    """One rolling feature.

    Args:
        macro: the call that computes it, for every event.
    """

    name: str
    macro: str


def rolling_groups(names: Names) -> tuple[FactGroup, ...]:
    """Of outcomes, and of what is known with the row itself."""
    of_outcomes = [rolling for rolling in names.choices.rolling if rolling.value == OUTCOME]
    of_rows = [rolling for rolling in names.choices.rolling if rolling.value != OUTCOME]
    groups = []
    if of_outcomes:
        groups.append(_outcomes(names, of_outcomes))
    if of_rows:
        groups.append(_rows(names, of_rows))
    return tuple(groups)


def rolling_features(names: Names, events: str) -> Iterator[RollingFeature]:
    """Calls of the macro.

    Args:
        events: relation with a row for each event.
    """
    for rolling in names.choices.rolling:
        is_outcome = rolling.value == OUTCOME
        column = quoted(names.choices.label_name) if is_outcome else _value_name(rolling)
        decimals = label_decimals(names) if is_outcome else _decimals(names, rolling.value)
        arguments = [
            f"{key_list(rolling.key)!r}",
            f"hours={rolling.hours}",
            f"id={quoted(names.entity)!r}",
            f"outcome={column!r}",
            f"events='{events}'",
            f"outcomes='{_group_name(rolling)}'",
            *([f"decimals={decimals}"] if decimals else []),
        ]
        listed = ",\n        ".join(arguments)
        yield RollingFeature(rolling.name, f"{{{{ rolling_mean(\n        {listed}\n    ) }}}}")


def reach_days(names: Names) -> int:
    """So many days after its own a row influences the feature table."""
    return max((group.reach_days for group in rolling_groups(names)), default=0)


def _outcomes(names: Names, rolling: list[RollingChoice]) -> FactGroup:
    delay, known = names.choices.label_delay_days, known_at(names)
    versions, _ = version_columns(names)
    return FactGroup(
        names=names,
        name="known_outcomes",
        columns=(*_keys(names, rolling), label_expression(names)),
        moments=(*versions, known or Expression(DELIVERED_AT), midnight(names)),
        condition=None if known is None else Expression(f"{known.sql} is not null", known.unlinted),
        outcome=quoted(names.choices.label_name),
        bound_days=(UNKNOWN_DELAY if delay is None else delay) + BOUNDARY_DAYS,
        hours=max(feature.hours for feature in rolling),
    )


def _rows(names: Names, rolling: list[RollingChoice]) -> FactGroup:
    versions, _ = version_columns(names)
    values = [written(feature.value, _value_name(feature)) for feature in rolling]
    return FactGroup(
        names=names,
        name="known_rows",
        columns=(*_keys(names, rolling), *values),
        moments=(*versions, event_moment(names), midnight(names)),
        condition=None,
        outcome=None,
        bound_days=BOUNDARY_DAYS,
        hours=max(feature.hours for feature in rolling),
    )


def _keys(names: Names, rolling: list[RollingChoice]) -> list[Expression]:
    """Entity, day and key columns, each once."""
    keys = [column for feature in rolling for column in feature.key]
    named = dict.fromkeys((names.entity, day(names), *keys))
    return [of_source(names, name) for name in named]


def _group_name(rolling: RollingChoice) -> str:
    return "known_outcomes" if rolling.value == OUTCOME else "known_rows"


def _value_name(rolling: RollingChoice) -> str:
    return f"{rolling.name}_value"


def _decimals(names: Names, value: str) -> int:
    kind = names.types.get(value, "")
    return 0 if is_whole(kind) or kind == "BOOLEAN" else ANY_DIGITS
