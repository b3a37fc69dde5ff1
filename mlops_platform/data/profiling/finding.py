"""Finding: what is to be known of a table before a model is made of it."""

from typing import Literal

from mlops_platform.record import Record

Level = Literal["note", "warn", "refuse"]
"""A `refuse` finding needs an answer before anything is written."""


class Finding(Record):
    """One thing that was found.

    Args:
        kind: such as `leakage`, `identifier`, `constant`, `disguised_missing`, `duplicates`.
        columns: names in the source; none where it is about the whole table.
        level: how much it matters.
        text: one sentence with its figures.
        fix: the line of YAML, or of the command, that mends it; None where nothing is to be done.
    """

    kind: str
    columns: tuple[str, ...] = ()
    level: Level
    text: str
    fix: str | None = None
