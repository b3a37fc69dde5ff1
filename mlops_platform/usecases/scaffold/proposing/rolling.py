"""Rolling features: how outcomes that were known by then turned out, of all rows and of some."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from mlops_platform.data.profiling.profile import TableProfile
from mlops_platform.usecases.scaffold.choices import ColumnChoice, RollingChoice

WEEK_HOURS = 7 * 24
MONTH_HOURS = 28 * 24
MOST_KEYS = 2
MOST_VALUES = 500
LEAST_ROWS_OF_VALUE = 20
LEAST_TOLD = 0.001
"""Share of the variance that a key has to tell of the outcome."""


def rolling_keys(profile: TableProfile, columns: Iterable[ColumnChoice]) -> list[str]:
    """Output names of the columns whose past outcomes could be averaged."""
    return [
        column.output
        for column in columns
        if column.role == "feature"
        and column.kind == "categorical"
        and _has_few_values(profile, column.name)
    ]


def rolling_choices(told: Mapping[str, float], days: int) -> tuple[RollingChoice, ...]:
    """All rows of a week, and four weeks of the keys that tell most of the outcome.

    Args:
        told: share of the outcome's variance by key.
        days: of history; a window that is longer than half of it would say the same of all rows.
    """
    if days < 2 * 7:
        return ()
    hours = MONTH_HOURS if days >= 2 * 28 else WEEK_HOURS
    best = sorted((key for key in told if told[key] >= LEAST_TOLD), key=lambda key: -told[key])
    return (
        RollingChoice(name="outcome_mean_7d", key=(), hours=WEEK_HOURS),
        *(
            RollingChoice(name=f"{key[:40]}_outcome_mean_{hours // 24}d", key=(key,), hours=hours)
            for key in best[:MOST_KEYS]
        ),
    )


def _has_few_values(profile: TableProfile, name: str) -> bool:
    column = profile.column(name)
    most = min(MOST_VALUES, profile.rows // LEAST_ROWS_OF_VALUE)
    return 2 <= column.distinct <= most
