"""How much there is to learn from, and whether all of it has happened."""

from collections.abc import Iterator
from typing import Final

from mlops_platform.data.profiling.concerns.lists import percent
from mlops_platform.data.profiling.finding import Finding, Level
from mlops_platform.data.profiling.profile import TableProfile

LEAST_DAYS: Final = 3
"""One to train, one to choose and one to test on."""
FEW_DAYS: Final = 28
"""Four windows of a week."""
LEAST_ROWS, FEW_ROWS = 30, 100


def history(profile: TableProfile) -> Iterator[Finding]:
    """Too few rows or days for a split."""
    if profile.rows < FEW_ROWS:
        yield Finding(
            kind="little_data",
            level="refuse" if profile.rows < LEAST_ROWS else "warn",
            text=f"There are {profile.rows} rows, too few to judge a model by.",
        )
    if not profile.times or profile.times[0].days >= FEW_DAYS:
        return
    time = profile.times[0]
    level: Level = "refuse" if time.days < LEAST_DAYS else "warn"
    yield Finding(
        kind="little_history",
        columns=(time.column,),
        level=level,
        text=(
            f"'{time.column}' has {time.days} days: a split by time needs {LEAST_DAYS}, and one "
            f"that tells something of later weeks {FEW_DAYS}."
        ),
        fix="--cadence daily, or another time column: --time" if level == "warn" else "--time",
    )


def future_rows(profile: TableProfile) -> Iterator[Finding]:
    """Rows later than now: facts that have not happened."""
    for place, time in enumerate(profile.times):
        if not time.future_rows:
            continue
        yield Finding(
            kind="future_rows",
            columns=(time.column,),
            level="note" if place else "warn",
            text=(
                f"'{time.column}' is in the future in {time.future_rows:,} rows "
                f"({percent(time.future_rows, profile.rows)}), the last at {time.last:%Y-%m-%d}: "
                "they land once their day has come, and not before."
            ),
            fix="correct them at the source, or name another moment: --time",
        )
