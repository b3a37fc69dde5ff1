"""SensorCursor: what the looks of a shared sensor at its models leave to the next tick."""

import zlib
from base64 import b85decode, b85encode
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from typing import Final, Self

from pydantic import Field

from mlops_platform.record import Record

PLAIN_CHARACTERS: Final = 4000
"""Longer cursors are compressed: Dagster keeps that of every tick, ten thousand a week."""
COMPRESSED: Final = "zlib:"


LONGEST_PAUSE: Final = timedelta(minutes=5)
"""After a longer one the daemon was down, and with it all that is said to be silent."""
NEVER: Final = datetime(1970, 1, 1, tzinfo=UTC)


class LastLook(Record):
    """The last look of a sensor at one model, by the machine's clock.

    Args:
        looked_at: when it was looked at, whatever came of it.
        failing_since: the first of the looks that have failed since one succeeded.
        memory: what the last look without an error left to the next one.
    """

    looked_at: datetime
    failing_since: datetime | None = None
    memory: str | None = None

    def succeeded(self, now: datetime, memory: str | None) -> Self:
        """The look after this one, which left something to the next."""
        return type(self)(looked_at=now, memory=memory)

    def failed(self, now: datetime) -> Self:
        """The look after this one, which failed: what is remembered stays."""
        return self.model_copy(
            update={"looked_at": now, "failing_since": self.failing_since or now}
        )


class SensorCursor(Record):
    """What a tick leaves to the next.

    Args:
        ticked_at: when it ended.
        unbroken_since: the first of the ticks that followed each other without a long pause.
        models: the last looks, by model.
    """

    ticked_at: datetime | None = None
    unbroken_since: datetime | None = None
    models: Mapping[str, LastLook] = Field(default={})

    @classmethod
    def of(cls, text: str | None) -> Self:
        """The cursor of the tick before; empty at the first one, and where it is none of ours."""
        try:
            return cls.from_stored(_plain(text or "{}"))
        except (ValueError, zlib.error):
            return cls()

    @property
    def text(self) -> str:
        """What Dagster keeps of it; JSON that a person can read, unless it is of many models."""
        stored = self.to_stored(indent=None)
        if len(stored) <= PLAIN_CHARACTERS:
            return stored
        return COMPRESSED + b85encode(zlib.compress(stored.encode())).decode()

    def unbroken_at(self, now: datetime) -> datetime:
        """Since when ticks follow each other, where one begins now."""
        if self.ticked_at is None or now - self.ticked_at >= LONGEST_PAUSE:
            return now
        return self.unbroken_since or now

    def looked_at(self, model: str) -> datetime:
        """When the model was looked at, whatever came of it."""
        last = self.models.get(model)
        return NEVER if last is None else last.looked_at

    def well_until(self, model: str) -> datetime | None:
        """The last moment at which nothing kept the sensor from the model; None before any tick.

        A model that waits for its turn is well; one at which no look succeeds is not.
        """
        last = self.models.get(model)
        failing_since = None if last is None else last.failing_since
        return failing_since or self.ticked_at


def _plain(text: str) -> str:
    """The JSON of a cursor.

    Raises:
        ValueError, zlib.error: it was never compressed by us.
    """
    if not text.startswith(COMPRESSED):
        return text
    return zlib.decompress(b85decode(text.removeprefix(COMPRESSED))).decode()
