"""Files are written all or none: what a kill has left half done is taken back."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path

from mlops_platform.errors import DataError
from mlops_platform.files import write_text
from mlops_platform.usecases.scaffold.journal.entry import (
    Content,
    FileChange,
    JournalEntry,
    sha256_of,
)
from mlops_platform.usecases.scaffold.journal.journal import Journal
from mlops_platform.usecases.scaffold.journal.planning import PlannedFile


def write_files(
    journal: Journal, plan: Sequence[PlannedFile], entry: JournalEntry
) -> JournalEntry | None:
    """Write and remove what was planned, and note it; returns the entry, None if nothing was to do.

    First the entry is there as unfinished, with all that the files were, then every file under a
    temporary name, then each gets its own, and at last so does the entry.

    Args:
        entry: its number and files are set here.

    Raises:
        DataError: a file has changed since it was planned.
    """
    changed = [file for file in plan if file.is_written]
    if not changed:
        return None
    take_back_unfinished(journal)
    with journal.alone():
        _refuse_changed_since(journal.root, changed)
        noted = entry.model_copy(
            update={
                "number": journal.next_number(),
                "files": tuple(map(_noted, changed)),
            }
        )
        unfinished = journal.unfinished_file(noted.domain, noted.number)
        write_text(unfinished, noted.to_stored())
        try:
            _put(journal.root, changed, noted.number)
            unfinished.rename(journal.file(noted.domain, noted.number))
        except BaseException:
            _take_back(journal, noted)
            raise
    return noted


def take_back_unfinished(journal: Journal) -> list[JournalEntry]:
    """Restore what processes have left half written that were killed; returns their entries."""
    if not journal.unfinished():
        return []
    with journal.alone():
        # Another process that was writing has finished by now.
        entries = journal.unfinished()
        for entry in entries:
            _take_back(journal, entry)
    return entries


def restore(root: Path, change: FileChange) -> None:
    """Make a file what it was; folders that are empty then are removed."""
    path = root / change.path
    if change.before is None:
        _unlink(path)
        remove_empty_folders(path.parent, root)
    else:
        _replace(path, change.before.content, _temporary(path, 0))


def remove_empty_folders(folder: Path, root: Path) -> None:
    """Remove a folder and those around it as far as nothing is in them, below `root`."""
    while folder != root:
        if folder.is_dir():
            if any(folder.iterdir()):
                return
            folder.rmdir()
        folder = folder.parent


def _noted(file: PlannedFile) -> FileChange:
    return FileChange(
        path=file.path,
        sha256=None if file.after is None else sha256_of(file.after),
        before=None if file.before is None else Content.of(file.before),
    )


def _refuse_changed_since(root: Path, changed: Sequence[PlannedFile]) -> None:
    for file in changed:
        path = root / file.path
        now = path.read_bytes() if path.is_file() else None
        if now != file.before:
            raise DataError(f"{file.path} has just been changed by somebody else. Run it again.")


def _put(root: Path, changed: Sequence[PlannedFile], number: int) -> None:
    ready = []
    for file in changed:
        path = root / file.path
        if file.after is not None:
            path.parent.mkdir(parents=True, exist_ok=True)
            temporary = _temporary(path, number)
            temporary.write_bytes(file.after)
            ready.append((temporary, path))
    for temporary, path in ready:
        temporary.replace(path)
    for file in changed:
        if file.after is None:
            (root / file.path).unlink()
            remove_empty_folders((root / file.path).parent, root)


def _take_back(journal: Journal, entry: JournalEntry) -> None:
    for change in entry.files:
        _unlink(_temporary(journal.root / change.path, entry.number))
        restore(journal.root, change)
    unfinished = journal.unfinished_file(entry.domain, entry.number)
    unfinished.unlink(missing_ok=True)
    remove_empty_folders(unfinished.parent, journal.root)


def _unlink(path: Path) -> None:
    # Also where the folder is none: then writing has failed there.
    with suppress(FileNotFoundError, NotADirectoryError):
        path.unlink()


def _temporary(path: Path, number: int) -> Path:
    """By the number of its entry, so that whoever takes it back finds it."""
    return path.with_name(f".{path.name}.init-{number}.tmp")


def _replace(path: Path, content: bytes, temporary: Path) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    temporary.write_bytes(content)
    temporary.replace(path)
