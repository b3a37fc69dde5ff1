"""Whether a Bento is the one that was released, as far as a service without a ledger can tell."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Final

from mlops_platform.artifacts.bentos import SIGNATURE_FILE, bento_digest
from mlops_platform.artifacts.signatures import require_signature
from mlops_platform.errors import ServingError
from mlops_platform.serving.contents import Contents
from mlops_platform.serving.following.pointers import Pointer
from mlops_platform.serving.runtime import RuntimeSettings

TRUST_PACKED: Final = "MLOPS_SERVING_TRUST_PACKED"


def folder_of(contents: Contents) -> Path:
    """The Bento that holds these contents."""
    return contents.model_directory.parent.parent


def pointed(contents: Contents, pointer: Pointer, public_key: Path | None) -> Contents:
    """The contents of a Bento that is the one of a pointer, under its digest.

    A packaging of before digests were kept vouches for the files of the model alone.

    Raises:
        ServingError: it is another.
        ArtifactError: it is not signed, and has to be.
    """
    if pointer.bento_digest is None and public_key is None:
        return replace(contents, sealed=False)
    digest = bento_digest(folder_of(contents))
    if pointer.bento_digest is not None and digest != pointer.bento_digest:
        raise ServingError(
            f"{folder_of(contents)} has the digest {digest}, and release {pointer.sequence} was "
            f"packed with {pointer.bento_digest}: something of it was changed. Restore it from a "
            "backup, or delete it and build it anew."
        )
    _require_signed(contents, digest, public_key)
    return replace(contents, digest=digest)


def trusted(contents: Contents, runtime: RuntimeSettings) -> Contents:
    """The packed contents, where somebody vouches for them beside a pointer.

    Raises:
        ServingError: nobody does, or for others.
        ArtifactError: they are not signed, and have to be.
    """
    folder, wanted = folder_of(contents), runtime.trust_packed
    if runtime.public_key is None and wanted is None:
        raise ServingError(
            f"nothing vouches for {folder}: no pointer names it, and no key is there to confirm "
            f"its signature. Set MLOPS_SERVING_POINTER or MLOPS_SERVING_PUBLIC_KEY, or "
            f"{TRUST_PACKED}=true to serve what is packed as it is."
        )
    if wanted == "true" and runtime.public_key is None:
        return contents
    digest = bento_digest(folder)
    if wanted not in (None, "true", digest):
        raise ServingError(
            f"{folder} has the digest {digest}, and {TRUST_PACKED} is {wanted}: something of it "
            "was changed since. Restore it from a backup, or delete it and build it anew."
        )
    _require_signed(contents, digest, runtime.public_key)
    return replace(contents, digest=digest)


def _require_signed(contents: Contents, digest: str, public_key: Path | None) -> None:
    if public_key is None:
        return
    file = folder_of(contents) / SIGNATURE_FILE
    signature = file.read_text().strip() if file.is_file() else None
    require_signature(digest, signature, public_key, str(folder_of(contents)))
