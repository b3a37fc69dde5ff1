"""Columns that number rows or name things."""

from collections.abc import Iterator

from mlops_platform.data.profiling.finding import Finding
from mlops_platform.data.profiling.profile import TableProfile


def identifiers(profile: TableProfile) -> Iterator[Finding]:
    """A key is no feature anyway; another id would be learnt by heart."""
    keys = {name for key in profile.keys[:1] for name in key.columns}
    for column in profile.columns:
        if column.looks_like_id is None:
            continue
        yield Finding(
            kind="identifier",
            columns=(column.name,),
            level="note" if column.name in keys else "warn",
            text=(
                f"'{column.name}' seems to be an id: {column.looks_like_id} "
                f"({column.distinct:,} values in {profile.rows:,} rows). It says nothing of rows "
                "to come."
            ),
            fix=f"--drop {column.output}",
        )
