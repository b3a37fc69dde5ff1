"""From a pointer to a loaded version: found in the store, verified, proved on its golden rows."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

from pydantic import ValidationError

from mlops_platform.errors import ServingError
from mlops_platform.serving.contents import Contents, bento_folder, read_contents
from mlops_platform.serving.following.pointers import Pointer
from mlops_platform.serving.following.seal import pointed
from mlops_platform.serving.requirements import environment_hash
from mlops_platform.serving.served_version import ServedVersion, load_served_version

REQUIREMENTS = "requirements.txt"
_TAG = re.compile(r"(?P<name>[a-z0-9_.-]*[a-z0-9]):[a-z0-9_.-]*[a-z0-9]")


class NewBentoNeeded(ServingError):
    """A version that this process cannot take over; a process of its own Bento can."""


def load_released(
    pointer: Pointer,
    packed: Contents,
    bentos: Path | None,
    public_key: Path | None = None,
    count_failure: Callable[[], None] = lambda: None,
) -> ServedVersion:
    """Load the version of a pointer, under the pointer's sequence and adjustment.

    Args:
        packed: what the Bento of this process holds.
        bentos: BentoML store that holds the pointer's Bento.
        public_key: by which it must be signed; None where it need not.
        count_failure: called each time that its pipeline is needed and cannot be loaded.

    Raises:
        NewBentoNeeded: it takes other rows or other packages than this process has, or this
            process was packed with other files.
        ServingError: its Bento is missing, or is not what the pointer names, or answers otherwise,
            or the pointer adjusts constants that it does not have.
        ArtifactError: a file of it was changed, or cannot be loaded, or it is not signed.
    """
    if str(pointer.version) == packed.release.version:
        contents = packed
        _require_same_version(pointer, contents, NewBentoNeeded)
    else:
        _require_replaceable(pointer, packed)
        contents = _stored(pointer, bentos)
        _require_same_version(pointer, contents)
        _require_same_redaction(contents, packed)
    contents = pointed(contents, pointer, public_key)
    _require_own_constants(pointer, contents)
    return _in_the_name_of(pointer, load_served_version(contents, count_failure))


def relabelled(version: ServedVersion, pointer: Pointer) -> ServedVersion:
    """The same loaded version in the name of the pointer's release, under its adjustment.

    It is the very same where it is so already.

    Raises:
        ServingError: the pointer names other files under the same version, or adjusts constants
            that it does not have.
    """
    _require_same_version(pointer, version.contents)
    _require_own_constants(pointer, version.contents)
    return _in_the_name_of(pointer, version)


def _in_the_name_of(pointer: Pointer, version: ServedVersion) -> ServedVersion:
    """Answers carry the sequence of the pointer, not the packed one, and its adjustment."""
    adjustment, constants = 0, dict[str, float]()
    if pointer.adjustment is not None:
        adjustment, constants = pointer.adjustment.number, pointer.adjustment.constants
    present = version.release.sequence, version.adjustment, version.adjusted
    if present == (pointer.sequence, adjustment, constants):
        return version
    release = version.release.model_copy(update={"sequence": pointer.sequence})
    contents = replace(version.contents, release=release)
    return replace(version, contents=contents, adjustment=adjustment, adjusted=constants)


def _require_own_constants(pointer: Pointer, contents: Contents) -> None:
    """Refuse an adjustment of constants that the version does not have.

    Raises:
        ServingError: names them, or the version has others than were released.
    """
    own = contents.release.constants
    if pointer.constants is not None and pointer.constants != own:
        raise ServingError(
            f"version {pointer.version} answers with {own}, and release {pointer.sequence} has "
            f"{pointer.constants}. Build its Bento anew."
        )
    if pointer.adjustment is None:
        return
    strange = sorted(pointer.adjustment.constants.keys() - own.keys())
    if strange:
        raise ServingError(
            f"adjustment {pointer.adjustment.number} of release {pointer.sequence} changes "
            f"{', '.join(strange)}, and version {pointer.version} has {', '.join(sorted(own))}. "
            "`mlops reconcile` writes the pointer anew from the ledger."
        )


def _require_replaceable(pointer: Pointer, packed: Contents) -> None:
    """Refuse a version that takes other rows or other packages, before anything of it is read.

    Raises:
        NewBentoNeeded: says which.
    """
    packages = (packed.model_directory.parent / REQUIREMENTS).read_text()
    differing = [
        name
        for name, wanted, present in (
            ("feature schema", pointer.schema_hash, packed.features.schema_hash),
            ("packages", pointer.environment_hash, environment_hash(packages)),
        )
        if wanted != present
    ]
    if differing:
        raise NewBentoNeeded(
            f"version {pointer.version} has another {' and other '.join(differing)} than this "
            f"process, which runs the Bento of version {packed.release.version}. "
            f"Start the Bento {pointer.bento_tag}."
        )


def _require_same_version(
    pointer: Pointer, contents: Contents, refusal: type[ServingError] = ServingError
) -> None:
    """Refuse a Bento that does not hold the version that was released.

    Raises:
        ServingError: names what differs; that the files are those of the digests shows when
            they are loaded.
    """
    release = contents.release
    differing = [
        name
        for name, wanted, packed in (
            ("model", pointer.model, release.model),
            ("version", str(pointer.version), release.version),
            ("feature schema", pointer.schema_hash, contents.features.schema_hash),
        )
        if wanted != packed
    ]
    differing += [
        f"SHA-256 of {name}"
        for name, digest in sorted(contents.digests.items())
        if pointer.digests.get(name) != digest
    ]
    if None not in (contents.digest, pointer.bento_digest):
        differing += ["digest of the Bento"] * (contents.digest != pointer.bento_digest)
    if differing or not contents.digests:
        raise refusal(
            f"{contents.model_directory.parent} is not version {pointer.version} of "
            f"{pointer.model!r} as release {pointer.sequence} names it "
            f"({', '.join(differing) or 'it names no files'}). Build its Bento anew."
        )


def _stored(pointer: Pointer, bentos: Path | None) -> Contents:
    tag = _TAG.fullmatch(pointer.bento_tag or "")
    if bentos is None or tag is None or tag["name"] != pointer.model:
        raise ServingError(
            f"no Bento can be found for version {pointer.version}: its tag is "
            f"{pointer.bento_tag!r}, the store {str(bentos)!r}. Set MLOPS_SERVING_BENTOS."
        )
    root = bento_folder(bentos, tag.string) / "src"
    try:
        return read_contents(root)
    except (OSError, ValueError) as error:
        reason = error.errors(include_url=False) if isinstance(error, ValidationError) else error
        raise ServingError(
            f"{pointer.bento_tag}: {root} cannot be read: {reason}. Build the Bento anew."
        ) from error


def _require_same_redaction(contents: Contents, packed: Contents) -> None:
    """The log's writer was set up at the start: it would not know a new field to keep back."""
    redacted = set(packed.release.serving.log.redact)
    missed = sorted(set(contents.release.serving.log.redact) - redacted)
    if missed:
        raise NewBentoNeeded(
            f"version {contents.release.version} keeps {', '.join(missed)} out of the prediction "
            "log, this process does not. Start its Bento."
        )
