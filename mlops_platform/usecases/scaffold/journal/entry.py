"""JournalEntry: one `mlops init`, with what every file was before it."""

from __future__ import annotations

import base64
import hashlib
from typing import Any, Literal, Self

from pydantic import Field

from mlops_platform.record import Record
from mlops_platform.section import Identifier
from mlops_platform.usecases.scaffold.choices import Choices


class Content(Record):
    """The bytes of a file, as JSON holds them."""

    encoding: Literal["utf-8", "base64"]
    text: str

    @classmethod
    def of(cls, content: bytes) -> Self:
        """Text where it is text."""
        try:
            return cls(encoding="utf-8", text=content.decode())
        except UnicodeDecodeError:
            return cls(encoding="base64", text=base64.b64encode(content).decode())

    @property
    def content(self) -> bytes:
        """The very bytes."""
        if self.encoding == "utf-8":
            return self.text.encode()
        return base64.b64decode(self.text)


class FileChange(Record):
    """What became of one file.

    Args:
        path: below the project, with `/`.
        sha256: of what was written; None where the file was removed.
        before: what the file was; None where there was none.
    """

    path: str
    sha256: str | None
    before: Content | None = None


class SourceColumn(Record):
    """A column of the source, as it was scanned."""

    name: str
    type: str


class JournalEntry(Record):
    """One change of the project.

    Args:
        number: counts all entries of the project, whatever their domain.
        asked: flags and answers, by the name of the flag; what was only proposed is not in it.
        choices: None where only the example was taken out.
        columns: of the source.
        files: that were written or removed.
    """

    number: int = Field(ge=1)
    domain: Identifier
    asked: dict[str, Any] = Field(default={})
    choices: Choices | None = None
    columns: tuple[SourceColumn, ...] = ()
    files: tuple[FileChange, ...] = ()

    @property
    def model(self) -> str | None:
        """The model that was made, if one was."""
        return None if self.choices is None else self.choices.model


def sha256_of(content: bytes) -> str:
    """Hexadecimal SHA-256."""
    return hashlib.sha256(content).hexdigest()
