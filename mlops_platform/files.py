"""Whole files or none: everything is written under a temporary name and renamed."""

import fcntl
import hashlib
import os
import shutil
import stat
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any, NamedTuple, Self

from mlops_platform.formats.plain_json import plain_json
from mlops_platform.privacy import folder_mode


class FileState(NamedTuple):
    """What tells a file from the one that takes its place: the key of what was read of it."""

    path: str
    inode: int
    changed_ns: int
    size: int

    @classmethod
    def of(cls, path: Path) -> Self:
        """The file as it is now.

        Raises:
            FileNotFoundError: there is none.
        """
        stat = path.stat()
        return cls(str(path), stat.st_ino, stat.st_mtime_ns, stat.st_size)


@contextmanager
def replacing_file(path: Path) -> Iterator[Path]:
    """Yield a temporary path beside `path`; on success it takes `path`'s place in one rename."""
    path.parent.mkdir(parents=True, exist_ok=True)
    temporary = path.with_name(f".{path.name}.{os.getpid()}-{os.urandom(4).hex()}.tmp")
    try:
        yield temporary
        os.replace(temporary, path)
    finally:
        temporary.unlink(missing_ok=True)


@contextmanager
def new_directory(path: Path) -> Iterator[Path]:
    """Yield a temporary directory that becomes `path` on success.

    Where `path` exists already (the same content-addressed thing was written before, or at the
    same time by another process) the new copy is dropped and the old one stays.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    temporary = Path(tempfile.mkdtemp(prefix=f".{path.name}.", suffix=".tmp", dir=path.parent))
    temporary.chmod(stat.S_IMODE(temporary.stat().st_mode) | folder_mode())
    try:
        yield temporary
        try:
            temporary.rename(path)
        except OSError:
            if not path.is_dir():
                raise
    finally:
        shutil.rmtree(temporary, ignore_errors=True)


@contextmanager
def scratch_directory(folder: Path) -> Iterator[Path]:
    """Yield a temporary directory in `folder`, for what gets its name only when it is whole."""
    folder.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(prefix=".", suffix=".tmp", dir=folder) as temporary:
        yield Path(temporary)


def hold(descriptor: int) -> None:
    """Show other processes that an open file is in use, until it is closed or this one is dead.

    It keeps nobody out, and no clock has a part in it. A file system without locks shows nothing.
    """
    with suppress(OSError):
        fcntl.flock(descriptor, fcntl.LOCK_SH | fcntl.LOCK_NB)


def is_held(path: Path) -> bool:
    """Whether a process holds a file; not where there is none."""
    try:
        with path.open("rb") as file:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return True
    except OSError:
        return False
    return False


@contextmanager
def one_process_at_a_time(lock: Path) -> Iterator[None]:
    """Keep other processes of this machine out, until done or dead."""
    lock.parent.mkdir(parents=True, exist_ok=True)
    with lock.open("w") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        yield


def write_text(path: Path, text: str) -> None:
    """Write `text` to `path`, whole or not at all."""
    with replacing_file(path) as temporary:
        temporary.write_text(text, encoding="utf-8")


def write_json(path: Path, value: Any) -> None:
    """Write `value` as indented JSON with sorted keys, whole or not at all."""
    write_text(path, plain_json(value, indent=2, sort_keys=True) + "\n")


def sha256_of_file(path: Path) -> str:
    """Hexadecimal SHA-256 of a file's bytes."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
