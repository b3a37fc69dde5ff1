"""DetailTable: a small table of an evaluation that only its task knows how to make."""

from mlops_platform.record import Record


class DetailTable(Record):
    """For the model card; numbers are formatted there."""

    title: str
    columns: tuple[str, ...]
    rows: tuple[tuple[str | int | float, ...], ...]
