"""Question: what a model of a scanned table is to predict."""

from typing import Any

from mlops_platform.record import Record


class Question(Record):
    """What is predicted, of which moment, and of what.

    SQL is over the columns of the scanned table, under their output names or their names in the
    source.

    Args:
        label: SQL of the outcome.
        task: the section `task` of the YAML, such as `{"type": "binary_classification"}`.
        time: SQL of the moment of a prediction; None where rows have none.
        known_at: SQL of the moment at which the label becomes known; None where that is unknown.
        entity: output names of the columns that identify what is predicted of.
        dropped: output names of columns that will not be features.
    """

    label: str
    task: dict[str, Any]
    time: str | None = None
    known_at: str | None = None
    entity: tuple[str, ...] = ()
    dropped: tuple[str, ...] = ()
