"""Values that are missing, and those that only say so."""

from collections.abc import Iterator
from typing import Final

from mlops_platform.data.profiling.concerns.lists import percent, yaml_list
from mlops_platform.data.profiling.finding import Finding
from mlops_platform.data.profiling.profile import ColumnProfile, TableProfile

MUCH: Final = 0.5


def missing_values(profile: TableProfile) -> Iterator[Finding]:
    """Columns that most rows do not have, and values in disguise."""
    for column in profile.columns:
        if MUCH <= column.missing / profile.rows < 1:
            yield Finding(
                kind="missing",
                columns=(column.name,),
                level="note",
                text=(
                    f"'{column.name}' is missing in {percent(column.missing, profile.rows)} of "
                    "the rows."
                ),
            )
        yield from _disguised(profile, column)


def _disguised(profile: TableProfile, column: ColumnProfile) -> Iterator[Finding]:
    known = [value for value in column.disguised if value.value in profile.null_values]
    others = [value for value in column.disguised if value.value not in profile.null_values]
    for values, level in ((known, "note"), (others, "warn")):
        if not values:
            continue
        texts = [value.value for value in values]
        rows = sum(value.rows for value in values)
        listed = " and ".join(f"'{text}'" for text in texts)
        fix = f"null_values: {yaml_list(profile.null_values)}"
        if level == "warn":
            fix = f"missing_as of {column.output}: {yaml_list(texts)}"
        yield Finding(
            kind="disguised_missing",
            columns=(column.name,),
            level="note" if level == "note" else "warn",
            text=(
                f"'{column.name}' says {listed} in {rows:,} rows "
                f"({percent(rows, profile.rows)}), which seems to mean that there is no value."
            ),
            fix=fix,
        )
