"""Keys as `openssl genpkey -algorithm ed25519` makes them."""

from pathlib import Path

from mlops_platform.artifacts.signatures import public_key_of


def key_pair(folder: Path, name: str = "key") -> tuple[Path, Path]:
    """A new private key and its public half, as files."""
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
    from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat

    private, public = folder / f"{name}.pem", folder / f"{name}_public.pem"
    key = Ed25519PrivateKey.generate()
    private.write_bytes(key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()))
    public.write_bytes(public_key_of(private))
    return private, public
