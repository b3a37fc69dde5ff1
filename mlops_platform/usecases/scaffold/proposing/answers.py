"""Answers: what flags and questions have said of a new model; None where nothing was said."""

from typing import Final, Literal

from mlops_platform.record import Record

LANDING: Final = "landing"
"""Said of `known_at`: a label is known when it lands, and not before."""
NO_TIME: Final = "none"
"""Said of `time`: rows are of no moment."""


class Answers(Record):
    """What somebody has said, in words of the source.

    Args:
        name: of the model.
        label, time, known_at: a column, or an SQL expression over columns.
        entity: columns that together identify a prediction.
        task: its name.
        drop: columns that do not land.
        sensitive: columns that are no feature, and by which the model is judged.
        keep: columns that are features in spite of what was found.
        timezone: IANA zone of days, and of times that do not say theirs.
        clock_change: how a time of it is read that does not exist, or exists twice.
        time_format: how texts write times, of a column (`at=%d.%m.%Y`) or of all that it fits.
        century_start: first of the hundred years that a year of two digits is of.
    """

    name: str | None = None
    domain: str | None = None
    label: str | None = None
    time: str | None = None
    entity: tuple[str, ...] = ()
    known_at: str | None = None
    task: str | None = None
    drop: tuple[str, ...] = ()
    sensitive: tuple[str, ...] = ()
    keep: tuple[str, ...] = ()
    timezone: str | None = None
    clock_change: Literal["earlier", "later"] | None = None
    time_format: tuple[str, ...] = ()
    century_start: int | None = None
    owner: str | None = None

    def said(self) -> dict[str, object]:
        """Only what was said."""
        return {
            name: list(value) if isinstance(value, tuple) else value
            for name, value in self
            if value not in {None, ()}
        }

    def over(self, earlier: "Answers") -> "Answers":
        """These, and what was said earlier where these say nothing."""
        return earlier.model_copy(
            update={name: value for name, value in self if value not in {None, ()}}
        )
