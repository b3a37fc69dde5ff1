"""Columns that say the same in every row, or nothing."""

from collections.abc import Iterator

from mlops_platform.data.profiling.finding import Finding
from mlops_platform.data.profiling.profile import TableProfile


def constants(profile: TableProfile) -> Iterator[Finding]:
    """Nothing can be learnt from them, and nothing breaks."""
    for column in profile.columns:
        if column.is_constant:
            said = "is empty" if column.kind == "empty" else f"is always '{column.minimum}'"
            yield Finding(
                kind="constant",
                columns=(column.name,),
                level="note",
                text=f"'{column.name}' {said} in all {profile.rows:,} rows.",
                fix=f"--drop {column.output}",
            )
