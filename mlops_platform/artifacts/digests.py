"""SHA-256 of every file of a directory, and the comparison with what it should be."""

import hashlib
import json
from collections.abc import Mapping
from pathlib import Path

from mlops_platform.errors import ArtifactError
from mlops_platform.files import sha256_of_file

_FIX = "Fetch the version from the registry again, or register the model anew."


def digest_directory(directory: Path, left_out: str | None = None) -> dict[str, str]:
    """SHA-256 of every file under `directory`, hidden ones included, by its relative path.

    Args:
        left_out: name of folders whose content is not looked at.

    Raises:
        ArtifactError: an entry is no plain file or directory, so that no digest could pin it.
    """
    digests = {}
    for path in sorted(directory.rglob("*")):
        relative = path.relative_to(directory)
        if left_out in relative.parts[:-1]:
            continue
        name = relative.as_posix()
        if path.is_symlink() or not (path.is_file() or path.is_dir()):
            raise ArtifactError(
                f"{directory}: '{name}' is a link or a special file, which no digest can pin. "
                "Replace it by a plain file."
            )
        if path.is_file():
            digests[name] = sha256_of_file(path)
    return digests


def verify_directory(directory: Path, digests: Mapping[str, str]) -> None:
    """Check that `directory` holds exactly the files that `digests` names, unchanged.

    Raises:
        ArtifactError: a file is missing, extra or changed; all such files are named.
    """
    if not directory.is_dir():
        raise ArtifactError(f"{directory} is no directory. {_FIX}")
    actual = digest_directory(directory)
    faults = [
        f"'{name}' has SHA-256 {actual.get(name, 'none: the file is missing')}, "
        f"expected {digests.get(name, 'none: the file is extra')}"
        for name in sorted(actual.keys() | digests.keys())
        if actual.get(name) != digests.get(name)
    ]
    if faults:
        raise ArtifactError(f"{directory}: {'; '.join(faults)}. {_FIX}")


def folder_digest(directory: Path) -> str:
    """One SHA-256 over the paths and contents of all files of a directory.

    Raises:
        ArtifactError: as of `digest_directory`.
    """
    return joint_digest(digest_directory(directory))


def joint_digest(digests: Mapping[str, str]) -> str:
    """One SHA-256 over paths and the digests of their files."""
    return hashlib.sha256(json.dumps(digests, sort_keys=True).encode()).hexdigest()


def read_verified(directory: Path, name: str, digests: Mapping[str, str]) -> bytes:
    """Content of one file of `directory`, hashed as it was read: no later change can slip in.

    Raises:
        ArtifactError: the file is missing, changed, or `digests` does not name it.
    """
    try:
        content = (directory / name).read_bytes()
    except FileNotFoundError as error:
        raise ArtifactError(f"{directory}: '{name}' is missing. {_FIX}") from error
    actual, expected = hashlib.sha256(content).hexdigest(), digests.get(name)
    if actual != expected:
        raise ArtifactError(
            f"{directory}: '{name}' has SHA-256 {actual}, expected {expected}. {_FIX}"
        )
    return content
