"""What identifies a row, and rows that nothing tells apart."""

from collections.abc import Iterator

from mlops_platform.data.profiling.concerns.lists import percent, yaml_list
from mlops_platform.data.profiling.finding import Finding
from mlops_platform.data.profiling.profile import TableProfile

NUMBER = "row_number"


def keys(profile: TableProfile) -> Iterator[Finding]:
    """Exact duplicates, and a table without key."""
    outputs = {column.name: column.output for column in profile.columns}
    key = [outputs[name] for name in profile.keys[0].columns] if profile.keys else []
    numbered = f"duplicates: number, numbered_by: {NUMBER}"
    if profile.duplicates:
        yield Finding(
            kind="duplicates",
            level="warn",
            text=(
                f"{profile.duplicates:,} rows ({percent(profile.duplicates, profile.rows)}) repeat "
                "another one in all columns: either they are one fact that was written twice, or "
                "each of them counts."
            ),
            fix=f"duplicates: drop (one fact), or {numbered} (each counts)",
        )
    if key:
        identify = "identifies" if len(key) == 1 else "identify"
        yield Finding(
            kind="key",
            columns=profile.keys[0].columns,
            level="note",
            text=f"{' and '.join(profile.keys[0].columns)} {identify} a row.",
            fix=f"key: {yaml_list(key)}",
        )
    else:
        yield Finding(
            kind="no_key",
            level="note",
            text="No three columns tell all rows apart: each row is one by its whole content.",
            fix=f"key: {yaml_list([*outputs.values(), NUMBER])}, {numbered}",
        )
