"""Categories of which there are many."""

from collections.abc import Iterator
from typing import Final

from mlops_platform.data.profiling.finding import Finding
from mlops_platform.data.profiling.profile import TableProfile

MANY: Final = 255
"""What histogram-based trees take as categories."""


def cardinality(profile: TableProfile) -> Iterator[Finding]:
    """Ids aside, columns of words with more values than an encoder likes."""
    for column in profile.columns:
        if column.kind == "category" and column.distinct > MANY and column.looks_like_id is None:
            yield Finding(
                kind="cardinality",
                columns=(column.name,),
                level="note",
                text=(
                    f"'{column.name}' has {column.distinct:,} values, one for "
                    f"{profile.rows / column.distinct:,.0f} rows: rare ones are learnt badly, and "
                    "new ones will come."
                ),
            )
