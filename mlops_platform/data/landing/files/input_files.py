"""Input files with the same columns, whatever they are called."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final, Literal

from mlops_platform.errors import DataError

FileKind = Literal["csv", "parquet"]
ENDINGS: Final[dict[str, FileKind]] = {
    ".csv": "csv",
    ".csv.gz": "csv",
    ".csv.zst": "csv",
    ".parquet": "parquet",
}
DAY: Final = "{day}"
"""In a pattern: the day of a file, as 2024-03-10."""
ROW_FILE, ROW_NUMBER = "file", "number"
"""Where a row is from: columns of a relation beside those of the files."""


class InputFileError(DataError):
    """A file is no table, or none as it is declared.

    Args:
        fact: what is wrong with it.
        advice: what to do, for who declares a landing.
        setting: name and value of a CSV dialect by which it may be one.
    """

    def __init__(self, fact: str, advice: str, setting: tuple[str, str] | None = None) -> None:
        super().__init__(f"{fact} {advice}")
        self.fact, self.setting = fact, setting


@dataclass(frozen=True)
class InputFiles:
    """Files of one kind with the same columns.

    Args:
        paths: at least one.
        names: of the columns, as the files have them.
        types: DuckDB types of the columns.
        relation: SQL of the rows: a column `place(n)` for each of the files' columns, then
            `ROW_FILE` and `ROW_NUMBER` (from 0; NULL for CSV).
        copies: what is read in their place, held for as long as the relation is.
    """

    kind: FileKind
    paths: tuple[Path, ...]
    names: tuple[str, ...]
    types: tuple[str, ...]
    relation: str
    copies: object = field(default=None, compare=False, repr=False)

    def find(self, name: str) -> int | None:
        """The place of a column, None where there is none; DuckDB does not tell case apart.

        Raises:
            InputFileError: more columns than one have that name.
        """
        same = [place for place, other in enumerate(self.names) if other.lower() == name.lower()]
        if len(same) > 1:
            names = [self.names[place] for place in same]
            raise InputFileError(
                f"{self.paths[0]} has columns {names}, whose names are one.",
                "Give them different names at the source, or list under `columns` others that are "
                "to land.",
            )
        return same[0] if same else None


def place(number: int) -> str:
    """What a relation calls a column."""
    return f"c{number}"


def find_files(folder: Path, pattern: str) -> list[Path]:
    """Find the files of a folder, possibly none, in the order of their names.

    Raises:
        DataError: there is no folder.
    """
    if not folder.is_dir():
        raise DataError(f"folder {folder} does not exist. Name the folder of the files.")
    # A name with a dot in front is a file that somebody is still writing.
    matches = (path for path in folder.glob(pattern) if path.is_file())
    return sorted(path for path in matches if not path.name.startswith("."))


def kind_of(files: Sequence[Path], where: str) -> FileKind:
    """The kind of some files.

    Args:
        where: they were looked for.

    Raises:
        DataError: there is no file, or files of more than one kind.
    """
    kinds = [kind for kind in map(file_kind, files) if kind is not None]
    if len(kinds) < len(files) or len(set(kinds)) != 1:
        endings = sorted({"".join(path.suffixes[-2:]).lower() for path in files})
        raise DataError(
            f"{where} matches {endings or 'no file'}. Choose a pattern that matches "
            f"only .parquet files, or only {', '.join(list(ENDINGS)[:3])}."
        )
    return kinds[0]


def file_kind(path: Path) -> FileKind | None:
    """The kind of a file by its name; None where it is none that is read."""
    name = path.name.lower()
    return next((kind for ending, kind in ENDINGS.items() if name.endswith(ending)), None)


def column_names(inputs: Sequence[InputFiles]) -> list[str]:
    """The columns of all files, as the first one that has it spells each.

    Raises:
        InputFileError: a name is missing or repeats.
    """
    names: dict[str, str] = {}
    for files in inputs:
        for number, name in enumerate(files.names, 1):
            if not name.strip():
                raise InputFileError(
                    f"{files.paths[0]}: column {number} of {len(files.names)} has no name.",
                    "Name it, or list under `columns` those that are to land.",
                )
            files.find(name)
            names.setdefault(name.lower(), name)
    return list(names.values())
