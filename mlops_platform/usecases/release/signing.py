"""Signatures of what services are handed: pointers and Bentos, where the deployment has a key."""

from typing import TypeVar

from mlops_platform.artifacts.bentos import SIGNATURE_FILE, require_bento
from mlops_platform.artifacts.signatures import sign
from mlops_platform.files import write_text
from mlops_platform.ledger.pointer import ReleasePointer
from mlops_platform.ledger.records import BentoIdentity
from mlops_platform.serving.contents import bento_folder
from mlops_platform.settings import Settings

Pointer = TypeVar("Pointer", bound=ReleasePointer)


def signed(pointer: Pointer, place: Settings) -> Pointer:
    """A pointer with the signature of this deployment; as it is where that has no key.

    Raises:
        ArtifactError: the key cannot be read.
    """
    if place.signing_key is None:
        return pointer
    signature = sign(pointer.signed_text, place.signing_key)
    return pointer.model_copy(update={"signature": signature})


def sign_bento(bento: BentoIdentity | None, place: Settings) -> None:
    """Sign a Bento of the store that is the one of the ledger; nothing happens without a key.

    Raises:
        ArtifactError: it is another one, or the key cannot be read.
    """
    if place.signing_key is None or bento is None or bento.digest is None:
        return
    folder = bento_folder(place.bentoml_home, bento.tag)
    signature = sign(bento.digest, place.signing_key)
    file = folder / SIGNATURE_FILE
    if folder.is_dir() and not (file.is_file() and file.read_text().strip() == signature):
        require_bento(folder, bento.digest, "the ledger")
        write_text(file, signature + "\n")
