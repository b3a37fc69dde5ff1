"""Columns that look as if they were about a person."""

from collections.abc import Iterator

from mlops_platform.data.profiling.finding import Finding
from mlops_platform.data.profiling.profile import TableProfile


def personal(profile: TableProfile) -> Iterator[Finding]:
    """They are proposed as `sensitive`: for subgroups, and no feature."""
    for column in profile.columns:
        if column.looks_personal is not None:
            yield Finding(
                kind="personal",
                columns=(column.name,),
                level="note",
                text=f"'{column.name}' looks personal: {column.looks_personal}.",
                fix=f"sensitive: [{column.output}]",
            )
