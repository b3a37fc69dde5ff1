"""The Bento of a version in the store, as the ledger pins it."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

from mlops_platform.artifacts.bentos import require_bento
from mlops_platform.artifacts.digests import verify_directory
from mlops_platform.errors import ArtifactError, ServingError
from mlops_platform.ledger.records import Release
from mlops_platform.serving.contents import Contents, bento_folder, read_contents
from mlops_platform.settings import Settings


def packed_release(place: Settings, release: Release, bento_tag: str) -> tuple[Path, Contents]:
    """The folder of a release's Bento and what it holds, verified against the ledger.

    Raises:
        ServingError: the store does not hold it, or only in part.
        ArtifactError: something of it was changed after it was packed.
    """
    folder = bento_folder(place.bentoml_home, bento_tag)
    try:
        contents = read_contents(folder / "src")
    except (OSError, ValueError) as error:
        raise ServingError(
            f"{bento_tag}: {folder} cannot be read ({error}). Build it anew: "
            f"dg launch --assets 'key:\"{release.model}/bento\"'"
        ) from error
    if release.bento_digest is not None:
        require_bento(folder, release.bento_digest, "the ledger")
    contents = replace(contents, sealed=release.bento_digest is not None)
    # A Bento leaves out what only MLflow reads.
    packed = contents.digests or release.digests
    released = {name: release.digests.get(name, "none: not released") for name in packed}
    verify_directory(contents.model_directory, released)
    if release.fitted is not None and release.fitted.constants != contents.release.constants:
        raise ArtifactError(
            f"{folder} answers with {contents.release.constants}, and release {release.sequence} "
            f"has {release.fitted.constants}. Delete it and build it anew."
        )
    return folder, contents


def bento_problem(place: Settings, release: Release) -> str | None:
    """What is wrong with the Bento of a release; None where nothing is, or none was packed."""
    if release.bento_tag is None:
        return None
    try:
        packed_release(place, release, release.bento_tag)
    except (ArtifactError, ServingError) as error:
        return str(error)
    return None
