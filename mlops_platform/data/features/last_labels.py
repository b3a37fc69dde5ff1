"""Labels of rows without event time: of each entity what was said last, and since which day.

A label that is delivered again with the same value, as in a full snapshot every day, stands since
the first of these days; NULL says that nothing is known.
"""

from __future__ import annotations

from mlops_platform.data.engine import identifier


def last_labels(labels: str, entity: str, day: str, label: str, known_at: str) -> str:
    """Write the SQL of one row per entity, of the day since which its last label stands.

    Args:
        labels: SQL of a relation with a row per entity and landed day.
        entity, day, label, known_at: its columns.
    """
    by_day = f"PARTITION BY {identifier(entity)} ORDER BY {identifier(day)}, {identifier(known_at)}"
    value = identifier(label)
    return (
        f"(SELECT * FROM (SELECT * FROM {labels} WINDOW chain AS ({by_day}) "
        f"QUALIFY {value} IS DISTINCT FROM lag({value}) OVER chain) "
        f"QUALIFY row_number() OVER (PARTITION BY {identifier(entity)} "
        f"ORDER BY {identifier(day)} DESC, {identifier(known_at)} DESC) = 1)"
    )
