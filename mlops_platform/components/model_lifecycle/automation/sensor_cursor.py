"""SensorCursor: what the looks of a shared sensor at its models leave to the next tick."""

import zlib
from base64 import b85decode, b85encode
from collections.abc import Mapping
from datetime import datetime
from typing import Final, Self

from pydantic import Field

from mlops_platform.record import Record

PLAIN_CHARACTERS: Final = 4000
"""Longer cursors are compressed: Dagster keeps that of every tick, ten thousand a week."""
COMPRESSED: Final = "zlib:"


class LastLook(Record):
    """The last look of a sensor at one model, by the machine's clock.

    Args:
        looked_at: when it was looked at, whatever came of it.
        succeeded_at: the last look without an error; None where there was none.
        memory: what that look left to the next one.
    """

    looked_at: datetime
    succeeded_at: datetime | None = None
    memory: str | None = None

    def succeeded(self, now: datetime, memory: str | None) -> Self:
        """The look after this one, which left something to the next."""
        return type(self)(looked_at=now, succeeded_at=now, memory=memory)

    def failed(self, now: datetime) -> Self:
        """The look after this one, which failed: what is remembered stays."""
        return self.model_copy(update={"looked_at": now})


class SensorCursor(Record):
    """The last looks, by model."""

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

    def succeeded_at(self, model: str) -> datetime | None:
        """The last look at a model without an error."""
        last = self.models.get(model)
        return None if last is None else last.succeeded_at


def _plain(text: str) -> str:
    """The JSON of a cursor.

    Raises:
        ValueError, zlib.error: it was never compressed by us.
    """
    if not text.startswith(COMPRESSED):
        return text
    return zlib.decompress(b85decode(text.removeprefix(COMPRESSED))).decode()
