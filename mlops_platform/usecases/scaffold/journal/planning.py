"""What writing the files of a model would do to the project: nothing is changed here."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from difflib import SequenceMatcher, unified_diff
from pathlib import Path
from typing import Literal

from mlops_platform.errors import SpecError
from mlops_platform.usecases.scaffold.choices import Choices
from mlops_platform.usecases.scaffold.journal.entry import JournalEntry, sha256_of
from mlops_platform.usecases.scaffold.journal.journal import Journal

Change = Literal["new", "changed", "removed", "same", "edited", "shared", "foreign"]
"""Of a file: `edited` was changed by hand since it was written, `shared` was written for another
model of the same data, `foreign` by somebody else."""
FilesOf = Callable[[Choices], Mapping[Path, str]]
WRITTEN: tuple[Change, ...] = ("new", "changed", "removed")


@dataclass(frozen=True)
class PlannedFile:
    """One file as it is and as it should be.

    Args:
        path: below the project, with `/`.
        before: None where there is none.
        after: None where it is to be removed.
        written: what the journal says was written last, as it would be written from the same
            choices today; None where that is not known.
    """

    path: str
    change: Change
    before: bytes | None
    after: bytes | None
    written: str | None = None

    @property
    def is_written(self) -> bool:
        """Whether it will be another."""
        return self.change in WRITTEN

    def diff(self) -> list[str]:
        """Unified, by lines without their end."""
        before, after = _lines(self.before), _lines(self.after)
        then, now = ("/dev/null" if lines is None else self.path for lines in (before, after))
        return list(unified_diff(before or [], after or [], then, now, lineterm=""))

    def missed_change(self) -> list[str]:
        """Of a file that stays as it is: what would have changed in it, as a unified diff."""
        then = self.written.splitlines() if self.written is not None else _lines(self.before) or []
        now = _lines(self.after) or []
        return list(unified_diff(then, now, n=1, lineterm=""))[2:]

    def lines_to_add(self) -> list[str]:
        """Lines that the file should have by now and an edited one lacks."""
        present = {line.strip() for line in _lines(self.before) or ()}
        then = self.written.splitlines() if self.written is not None else _lines(self.before) or []
        now = _lines(self.after) or []
        return [
            line
            for operation, _, _, first, last in SequenceMatcher(None, then, now).get_opcodes()
            if operation in {"insert", "replace"}
            for line in now[first:last]
            if line.strip() and line.strip() not in present
        ]


def planned_files(
    journal: Journal,
    wanted: Mapping[Path, str],
    previous: JournalEntry | None,
    files_of: FilesOf,
) -> list[PlannedFile]:
    """Compare what is wanted with what there is.

    Args:
        wanted: content by path below the project.
        previous: the last entry of the same model.
        files_of: what choices are written as today. Where earlier choices would be written as it
            is wanted, nothing has changed but the platform's way of writing, and the file stays.
    """
    texts = {path.as_posix(): text for path, text in wanted.items()}
    written = journal.written()
    own = {
        path
        for path, (entry, change) in written.items()
        if previous is not None and change.sha256 and _is_of(entry, previous)
    }
    rewritten = _Rewritten(files_of)
    plan = []
    for path in [*texts, *sorted(own - texts.keys())]:
        entry, noted = written.get(path, (None, None))
        text = None if entry is None else rewritten.text(entry, path)
        before = _content(journal.root / path)
        after = texts[path].encode() if path in texts else None
        change = _change(before, after, noted.sha256 if noted else None)
        if change == "changed" and text == texts.get(path):
            change = "same"
        elif change == "changed" and path not in own:
            change = "shared"
        if change is not None:
            plan.append(PlannedFile(path, change, before, after, text))
    return plan


class _Rewritten:
    """Files of earlier entries, written from their choices as it is done today."""

    def __init__(self, files_of: FilesOf) -> None:
        self._files_of = files_of
        self._texts: dict[int, Mapping[str, str]] = {}

    def text(self, entry: JournalEntry, path: str) -> str | None:
        """One file; None where nobody knows."""
        if entry.number not in self._texts:
            self._texts[entry.number] = self._of(entry)
        return self._texts[entry.number].get(path)

    def _of(self, entry: JournalEntry) -> Mapping[str, str]:
        if entry.choices is None:
            return {}
        try:
            files = self._files_of(entry.choices)
        except SpecError:
            # What was accepted once, and is not today.
            return {}
        return {path.as_posix(): text for path, text in files.items()}


def _is_of(entry: JournalEntry, other: JournalEntry) -> bool:
    return (entry.domain, entry.model) == (other.domain, other.model)


def removals(journal: Journal, folders: Iterable[Path]) -> list[PlannedFile]:
    """Every file of some folders is to be removed.

    Args:
        folders: below the project.
    """
    return [
        PlannedFile(file.relative_to(journal.root).as_posix(), "removed", file.read_bytes(), None)
        for folder in folders
        for file in sorted(_files(journal.root / folder))
    ]


def _files(folder: Path) -> Iterator[Path]:
    """All but what is hidden, such as the journal."""
    for path in folder.iterdir() if folder.is_dir() else ():
        if path.name.startswith(".") or path.name == "__pycache__":
            continue
        if path.is_dir():
            yield from _files(path)
        else:
            yield path


def _change(before: bytes | None, after: bytes | None, recorded: str | None) -> Change | None:
    if before == after:
        return None if after is None else "same"
    if before is None:
        return "new"
    if recorded is None:
        return "foreign"
    if recorded != sha256_of(before):
        return "edited"
    return "removed" if after is None else "changed"


def _content(path: Path) -> bytes | None:
    return path.read_bytes() if path.is_file() else None


def _lines(content: bytes | None) -> list[str] | None:
    return None if content is None else content.decode(errors="replace").splitlines()
