"""Journal: the entries of a project, beside the domains that they are about."""

from __future__ import annotations

import fcntl
import os
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from pydantic import ValidationError

from mlops_platform.errors import DataError
from mlops_platform.usecases.scaffold.journal.entry import FileChange, JournalEntry

FOLDER = ".init"
"""Names with a dot are ignored by the loaders of definitions."""
UNFINISHED = ".unfinished"


@dataclass(frozen=True)
class Journal:
    """What `mlops init` has done to one project.

    Args:
        root: of the project.
    """

    root: Path

    @property
    def defs(self) -> Path:
        """The folder that has one folder for each domain."""
        return self.root / "mlops_platform" / "defs"

    def file(self, domain: str, number: int) -> Path:
        """Of an entry."""
        return self.defs / domain / FOLDER / f"{number}.json"

    def unfinished_file(self, domain: str, number: int) -> Path:
        """Of an entry whose files are being written."""
        return self.defs / domain / FOLDER / f"{number}{UNFINISHED}.json"

    def entries(self, domain: str | None = None) -> list[JournalEntry]:
        """All entries, or those of one domain, oldest first.

        Raises:
            DataError: a file is no entry.
        """
        files = self.defs.glob(f"{domain or '*'}/{FOLDER}/*.json")
        read = [_read(file) for file in files if UNFINISHED not in file.suffixes]
        return sorted(read, key=lambda entry: entry.number)

    def unfinished(self) -> list[JournalEntry]:
        """Entries whose writing was cut short, or goes on in another process."""
        files = self.defs.glob(f"*/{FOLDER}/*{UNFINISHED}.json")
        return sorted((_read(file) for file in files), key=lambda entry: entry.number)

    def next_number(self) -> int:
        """Of an entry that is to be made."""
        return max((entry.number for entry in self.entries()), default=0) + 1

    def last(self, domain: str, model: str) -> JournalEntry | None:
        """The newest entry of a model."""
        of_model = [entry for entry in self.entries(domain) if entry.model == model]
        return of_model[-1] if of_model else None

    def written(self) -> dict[str, tuple[JournalEntry, FileChange]]:
        """By path, the newest change of every file."""
        return {change.path: (entry, change) for entry in self.entries() for change in entry.files}

    @contextmanager
    def alone(self) -> Iterator[None]:
        """Keep others out that write to this project, until done or dead."""
        self.defs.mkdir(parents=True, exist_ok=True)
        # The folder itself, so that no lock file is left in somebody's project.
        folder = os.open(self.defs, os.O_RDONLY)
        try:
            fcntl.flock(folder, fcntl.LOCK_EX)
            yield
        finally:
            os.close(folder)


def _read(file: Path) -> JournalEntry:
    try:
        return JournalEntry.from_stored(file.read_bytes())
    except ValidationError as error:
        raise DataError(
            f"{file} is no entry of `mlops init`. Restore it from version control, or remove it: "
            "then what it wrote can no longer be undone."
        ) from error
