"""Memory: what a look of a shared sensor at one model leaves to the next one."""

from typing import Self

from pydantic import ValidationError

from mlops_platform.record import Record


class Memory(Record):
    """A record that a sensor keeps as text."""

    @classmethod
    def of(cls, text: str | None) -> Self | None:
        """What the look before has left; None at the first one."""
        try:
            return cls.from_stored(text or "")
        except ValidationError:
            return None

    @property
    def text(self) -> str:
        """One line of JSON."""
        return self.to_stored(indent=None)
