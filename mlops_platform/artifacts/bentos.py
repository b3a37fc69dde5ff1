"""The one digest of a whole Bento: model, golden rows, ranges, constants, requirements and code."""

import hashlib
import shutil
from pathlib import Path
from typing import Final

from mlops_platform.artifacts.digests import digest_directory, joint_digest
from mlops_platform.errors import ArtifactError

SIGNATURE_FILE: Final = "signature.txt"
"""Beside the description of a Bento; it signs the digest, and is no part of it."""
_DESCRIPTION: Final = "bento.yaml"
_CREATED: Final = b"creation_time:"
COMPILED_CODE: Final = "__pycache__"
"""Folders that Python makes where code is run, also while others look."""


def bento_digest(folder: Path) -> str:
    """SHA-256 over the paths of all files of a Bento and what is in them.

    Left out are the moment of its creation, its signature, and what Python compiled from its code:
    workers that start together write it while others look.

    Raises:
        ArtifactError: there is no such folder, or something in it is no plain file.
    """
    if not folder.is_dir():
        raise ArtifactError(f"{folder} is no Bento. Build it anew.")
    digests = digest_directory(folder, left_out=COMPILED_CODE)
    digests.pop(SIGNATURE_FILE, None)
    if _DESCRIPTION in digests:
        digests[_DESCRIPTION] = _timeless_digest(folder / _DESCRIPTION)
    return joint_digest(digests)


def require_bento(folder: Path, digest: str, where: str) -> None:
    """Refuse a Bento that is not the one of a digest.

    Args:
        where: who says which digest it has to have.

    Raises:
        ArtifactError: it is another.
    """
    actual = bento_digest(folder)
    if actual != digest:
        raise ArtifactError(
            f"{folder} has the digest {actual}, and {where} says {digest}: something of it was "
            "changed after it was packed. Restore it from a backup, or delete it and build it anew."
        )


def remove_compiled_code(folder: Path) -> None:
    """Remove what Python compiled from a Bento's code: its digest does not vouch for that.

    Raises:
        ArtifactError: it cannot be removed.
    """
    for cache in sorted(folder.rglob(COMPILED_CODE)):
        try:
            shutil.rmtree(cache)
        except OSError as error:
            raise ArtifactError(
                f"{cache} cannot be removed ({error}), and no digest vouches for what is in it. "
                "Give the platform write access to its store of Bentos."
            ) from error


def _timeless_digest(description: Path) -> str:
    lines = description.read_bytes().splitlines(keepends=True)
    return hashlib.sha256(b"".join(ln for ln in lines if not ln.startswith(_CREATED))).hexdigest()
