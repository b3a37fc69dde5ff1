"""SensorCursor: what the looks of a shared sensor at its models leave to the next tick."""

from collections.abc import Mapping
from datetime import datetime
from typing import Self

from pydantic import Field, ValidationError

from mlops_platform.record import Record


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
            return cls.from_stored(text or "{}")
        except ValidationError:
            return cls()

    def succeeded_at(self, model: str) -> datetime | None:
        """The last look at a model without an error."""
        last = self.models.get(model)
        return None if last is None else last.succeeded_at
