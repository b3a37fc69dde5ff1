"""Undoing the newest entry: files are again, byte for byte, what they were."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from mlops_platform.errors import DataError
from mlops_platform.usecases.scaffold.journal.entry import FileChange, JournalEntry, sha256_of
from mlops_platform.usecases.scaffold.journal.journal import Journal
from mlops_platform.usecases.scaffold.journal.writing import (
    remove_empty_folders,
    restore,
    take_back_unfinished,
)


def newest_entry(journal: Journal, domain: str | None = None) -> JournalEntry:
    """The entry that an undo takes back.

    Raises:
        DataError: there is none.
    """
    entries = journal.entries(domain)
    if not entries:
        where = f"in the domain '{domain}'" if domain else "in this project"
        known = sorted({entry.domain for entry in journal.entries()})
        others = f" Domains with something to undo: {', '.join(known)}." if known else ""
        raise DataError(f"`mlops init` has done nothing {where} that could be undone.{others}")
    return entries[-1]


def edited_since(journal: Journal, entry: JournalEntry) -> list[str]:
    """Paths of an entry's files that are neither as it left them nor as they were before."""
    return [change.path for change in entry.files if _is_edited(journal.root, change)]


def undo(journal: Journal, entry: JournalEntry, *, force: bool = False) -> list[FileChange]:
    """Take an entry back, and remove it; returns what was restored. Cut short, it can be repeated.

    Args:
        force: also where files were edited since; the edits are lost.

    Raises:
        DataError: files were edited since.
    """
    take_back_unfinished(journal)
    with journal.alone():
        edited = edited_since(journal, entry)
        if edited and not force:
            raise DataError(
                f"{', '.join(edited)} {'was' if len(edited) == 1 else 'were'} edited since "
                "`mlops init` wrote it. Keep your copy elsewhere and add --force to undo all the "
                "same: the edits are lost then."
            )
        for change in entry.files:
            restore(journal.root, change)
        file = journal.file(entry.domain, entry.number)
        file.unlink()
        remove_empty_folders(file.parent, journal.root)
        for path in _left_caches(journal.root, entry):
            remove_empty_folders(path, journal.root)
    return list(entry.files)


def undone(journal: Journal, entry: JournalEntry, files: str) -> str:
    """What was taken back, in a sentence; a model that was made earlier is still there.

    Args:
        files: how many were restored, in words.
    """
    model = entry.model
    if model is None:
        return f"Undone: the example's removal, {files}."
    if (journal.defs / entry.domain / model / "defs.yaml").is_file():
        return f"The newest change of {model} is undone ({files}); the model stays declared."
    return f"Undone: the model {model}, {files}."


def _left_caches(root: Path, entry: JournalEntry) -> Iterator[Path]:
    """Folders that may be empty now."""
    yield from {(root / change.path).parent for change in entry.files}


def _is_edited(root: Path, change: FileChange) -> bool:
    path = root / change.path
    now = path.read_bytes() if path.is_file() else None
    before = None if change.before is None else change.before.content
    if now == before:
        return False
    return (None if now is None else sha256_of(now)) != change.sha256
