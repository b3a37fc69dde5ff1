"""The files of a folder that are meant to be read: whose writers have given them their names."""

from collections.abc import Iterator
from pathlib import Path


def finished_files(folder: Path, *endings: str) -> Iterator[Path]:
    """Files with one of the endings, in order; nothing that is hidden, or in what is hidden."""
    for path in sorted(folder.iterdir()) if folder.is_dir() else ():
        if path.name.startswith("."):
            continue
        if path.is_dir():
            yield from finished_files(path, *endings)
        elif path.name.endswith(endings):
            yield path
