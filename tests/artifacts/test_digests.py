from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mlops_platform.artifacts.digests import digest_directory, read_verified, verify_directory
from mlops_platform.errors import ArtifactError


def test_every_file_is_digested_hidden_and_nested_ones_too(tmp_path: Path) -> None:
    for name in ("a", ".b", "nested/.c/d"):
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_text("abc")
    abc = "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"
    assert digest_directory(tmp_path) == dict.fromkeys([".b", "a", "nested/.c/d"], abc)


def test_links_are_refused(tmp_path: Path) -> None:
    (tmp_path / "link").symlink_to("/etc/hostname")
    with pytest.raises(ArtifactError, match="'link' is a link"):
        digest_directory(tmp_path)


def test_a_directory_that_does_not_exist_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ArtifactError, match="is no directory"):
        verify_directory(tmp_path / "none", {})


def test_a_change_after_the_verification_is_refused(tmp_path: Path) -> None:
    (tmp_path / "model").write_bytes(b"good")
    digests = digest_directory(tmp_path)
    verify_directory(tmp_path, digests)
    assert read_verified(tmp_path, "model", digests) == b"good"
    (tmp_path / "model").write_bytes(b"evil")
    with pytest.raises(ArtifactError, match=f"expected {digests['model']}"):
        read_verified(tmp_path, "model", digests)


@given(content=st.binary(min_size=1, max_size=64), data=st.data())
def test_any_changed_bit_is_found(
    tmp_path_factory: pytest.TempPathFactory, content: bytes, data: st.DataObject
) -> None:
    directory = tmp_path_factory.mktemp("bits")
    (directory / "file").write_bytes(content)
    digests = digest_directory(directory)
    bit = data.draw(st.integers(0, len(content) * 8 - 1))
    changed = bytearray(content)
    changed[bit // 8] ^= 1 << bit % 8
    (directory / "file").write_bytes(changed)
    with pytest.raises(ArtifactError, match="'file' has SHA-256"):
        verify_directory(directory, digests)
