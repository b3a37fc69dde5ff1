"""Input files with the same columns, whatever they are called."""

from collections.abc import Sequence
from dataclasses import dataclass
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
ROW_FILE, ROW_NUMBER = "file", "number"
"""Where a row is from: columns of a relation beside those of the files."""


@dataclass(frozen=True)
class InputFiles:
    """Files of one kind with the same columns.

    Args:
        paths: at least one.
        names: of the columns, as the files have them.
        types: DuckDB types of the columns.
        relation: SQL of the rows: a column `place(n)` for each of the files' columns, then
            `ROW_FILE` and `ROW_NUMBER` (from 0; NULL for CSV).
    """

    kind: FileKind
    paths: tuple[Path, ...]
    names: tuple[str, ...]
    types: tuple[str, ...]
    relation: str

    def find(self, name: str) -> int | None:
        """The place of a column, None where there is none.

        Raises:
            DataError: more columns than one have that name.
        """
        places = [place for place, other in enumerate(self.names) if other == name]
        if len(places) > 1:
            raise DataError(
                f"{self.paths[0]} has {len(places)} columns '{name}'. Give them different names at "
                "the source: nobody can tell which one is meant."
            )
        return places[0] if places else None


def place(number: int) -> str:
    """What a relation calls a column."""
    return f"c{number}"


def find_files(folder: Path, pattern: str) -> tuple[FileKind, list[Path]]:
    """Find the files of a folder, in the order of their names.

    Raises:
        DataError: there is no folder, no file, or files of more than one kind.
    """
    if not folder.is_dir():
        raise DataError(f"folder {folder} does not exist. Name the folder of the files.")
    # A name with a dot in front is a file that somebody is still writing.
    matches = (path for path in folder.glob(pattern) if path.is_file())
    files = sorted(path for path in matches if not path.name.startswith("."))
    kinds = {_kind(path) for path in files}
    if len(kinds) != 1 or None in kinds:
        endings = sorted({"".join(path.suffixes[-2:]).lower() for path in files})
        raise DataError(
            f"{folder}/{pattern} matches {endings or 'no file'}. Choose a pattern that matches "
            f"only .parquet files, or only {', '.join(list(ENDINGS)[:3])}."
        )
    return next(iter(kinds)), files  # type: ignore[return-value]


def _kind(path: Path) -> FileKind | None:
    name = path.name.lower()
    return next((kind for ending, kind in ENDINGS.items() if name.endswith(ending)), None)


def refuse_unclear_names(inputs: Sequence[InputFiles]) -> None:
    """Refuse names that cannot be those of a table's columns, where all columns are to land.

    Raises:
        DataError: a name is missing, repeats, or differs from another one by its case only.
    """
    seen: dict[str, tuple[str, Path]] = {}
    for files in inputs:
        file = files.paths[0]
        for number, name in enumerate(files.names, 1):
            if not name.strip():
                raise DataError(
                    f"{file}, line 1: column {number} of {len(files.names)} has no name. Name it, "
                    "or list under `columns` those that are to land."
                )
            files.find(name)
            other, where = seen.setdefault(name.lower(), (name, file))
            if other != name:
                raise DataError(
                    f"column '{name}' of {file} and column '{other}' of {where} differ by their "
                    "case only. Use one spelling, or list under `columns` those that are to land."
                )
