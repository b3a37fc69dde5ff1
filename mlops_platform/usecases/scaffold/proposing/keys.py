"""What identifies a row, what identifies a prediction, and what becomes of equal rows."""

from __future__ import annotations

from typing import Literal, NamedTuple

from mlops_platform.data.profiling.profile import TableProfile

ROW_NUMBER = "row_number"
"""Column that numbers rows which are equal to others in all columns."""


class Key(NamedTuple):
    """Of a landed table.

    Args:
        columns: output names; without the number of a copy.
        duplicates: what becomes of rows that are equal in all columns.
        reason: why.
    """

    columns: tuple[str, ...]
    duplicates: Literal["refuse", "drop", "number"]
    reason: str

    @property
    def numbered_by(self) -> str | None:
        """Column of the key that numbers copies."""
        return ROW_NUMBER if self.duplicates == "number" else None

    @property
    def landed(self) -> tuple[str, ...]:
        """All of its columns."""
        return (*self.columns, *([ROW_NUMBER] if self.numbered_by else ()))


def key_of(profile: TableProfile, said: tuple[str, ...], landed: tuple[str, ...]) -> Key:
    """The columns that were said, or the best candidate; where there is none, the whole row.

    Args:
        said: source names.
        landed: output names of the columns that land.
    """
    if said:
        columns = tuple(profile.column(name).output for name in said)
        return Key(columns, "drop" if profile.duplicates else "refuse", "you said so")
    for candidate in profile.keys:
        columns = tuple(profile.column(name).output for name in candidate.columns)
        named = " and ".join(candidate.columns)
        if not set(columns) <= set(landed):
            continue
        if not candidate.repeated:
            return Key(columns, "refuse", f"no two of {profile.rows:,} rows have the same {named}")
        # Where nothing but the key is in a row, a copy is hardly the same fact written twice.
        if candidate.repeated == profile.duplicates and set(columns) != set(landed):
            return Key(
                columns,
                "drop",
                f"{profile.duplicates:,} rows are equal to another one in all columns; all other "
                f"rows differ in {named}. If each copy counts, write `duplicates: number`",
            )
    return Key(
        landed,
        "number",
        "no few columns tell all rows apart: the whole row does, and copies of it are numbered",
    )
