"""What the holder of a key did not sign is refused, and every refusal says what to do."""

from pathlib import Path

import pytest

from mlops_platform.artifacts.signatures import public_key_of, require_signature, sign
from mlops_platform.errors import ArtifactError
from tests.serving.keys import key_pair


def test_a_text_is_signed_always_alike_and_confirmed(tmp_path: Path) -> None:
    private, public = key_pair(tmp_path)
    signature = sign("a digest", private)
    assert sign("a digest", private) == signature
    require_signature("a digest", signature, public, "it")


@pytest.mark.parametrize(
    ("text", "signature", "reason"),
    [
        ("a digest", None, "it is not signed"),
        ("another", "right", "does not confirm"),
        ("a digest", "of another key", "does not confirm"),
        ("a digest", "no base64", "does not confirm"),
    ],
)
def test_anything_else_is_refused(
    tmp_path: Path, text: str, signature: str | None, reason: str
) -> None:
    private, public = key_pair(tmp_path)
    other, _ = key_pair(tmp_path, "other")
    signatures = {"right": sign("a digest", private), "of another key": sign("a digest", other)}
    given = None if signature is None else signatures.get(signature, signature)
    with pytest.raises(ArtifactError, match=f"{reason}.*MLOPS_SIGNING_KEY"):
        require_signature(text, given, public, "it")


def test_a_file_that_is_no_key_is_named(tmp_path: Path) -> None:
    private, public = key_pair(tmp_path)
    for file in (tmp_path / "gone.pem", public):
        with pytest.raises(ArtifactError, match=f"{file} is no private Ed25519 key"):
            public_key_of(file)
    with pytest.raises(ArtifactError, match=f"{private} is no public Ed25519 key"):
        require_signature("a digest", sign("a digest", private), private, "it")
