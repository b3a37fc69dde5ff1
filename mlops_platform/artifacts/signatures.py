"""Ed25519 signatures of what a deployment hands to its services, where it has a key."""

from __future__ import annotations

import base64
import binascii
from pathlib import Path
from typing import TYPE_CHECKING

from mlops_platform.errors import ArtifactError

if TYPE_CHECKING:
    from cryptography.hazmat.primitives.asymmetric.ed25519 import (
        Ed25519PrivateKey,
        Ed25519PublicKey,
    )


def public_key_of(private_key: Path) -> bytes:
    """The public half of a key, as PEM.

    Raises:
        ArtifactError: the file is no Ed25519 private key.
    """
    from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

    public = _private(private_key).public_key()
    return public.public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo)


def sign(text: str, private_key: Path) -> str:
    """Sign a text, always in the same way.

    Raises:
        ArtifactError: the file is no Ed25519 private key.
    """
    return base64.b64encode(_private(private_key).sign(text.encode())).decode()


def require_signature(text: str, signature: str | None, public_key: Path, what: str) -> None:
    """Refuse what the holder of a key did not sign.

    Args:
        what: it is that has to be signed, for the message.

    Raises:
        ArtifactError: the signature is missing or of something else, or the key is none.
    """
    from cryptography.exceptions import InvalidSignature

    key, fix = _public(public_key), "`mlops reconcile` signs it where MLOPS_SIGNING_KEY is set."
    if signature is None:
        raise ArtifactError(f"{what} is not signed, and {public_key} asks for it. {fix}")
    try:
        key.verify(base64.b64decode(signature, validate=True), text.encode())
    except (InvalidSignature, binascii.Error) as error:
        raise ArtifactError(
            f"{what} has a signature that {public_key} does not confirm: it was changed, or signed "
            f"by another key. {fix}"
        ) from error


def _private(path: Path) -> Ed25519PrivateKey:
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
    from cryptography.hazmat.primitives.serialization import load_pem_private_key

    try:
        key = load_pem_private_key(path.read_bytes(), password=None)
    except (OSError, TypeError, ValueError) as error:
        raise _no_key(path, "private") from error
    if not isinstance(key, Ed25519PrivateKey):
        raise _no_key(path, "private")
    return key


def _public(path: Path) -> Ed25519PublicKey:
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
    from cryptography.hazmat.primitives.serialization import load_pem_public_key

    try:
        key = load_pem_public_key(path.read_bytes())
    except (OSError, ValueError) as error:
        raise _no_key(path, "public") from error
    if not isinstance(key, Ed25519PublicKey):
        raise _no_key(path, "public")
    return key


def _no_key(path: Path, half: str) -> ArtifactError:
    name = "MLOPS_SIGNING_KEY" if half == "private" else "MLOPS_SERVING_PUBLIC_KEY"
    return ArtifactError(
        f"{path} is no {half} Ed25519 key in PEM. Name one in {name}, or leave it away: then "
        "nothing is signed."
    )
