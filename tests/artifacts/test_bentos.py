import os
import threading
from pathlib import Path

import pytest

from mlops_platform.artifacts.bentos import bento_digest
from mlops_platform.errors import ArtifactError


@pytest.fixture
def bento(tmp_path: Path) -> Path:
    (tmp_path / "src" / "package").mkdir(parents=True)
    for name in ("bento.yaml", "src/service.py", "src/package/code.py"):
        (tmp_path / name).write_text(name)
    return tmp_path


def test_what_another_worker_is_compiling_is_not_looked_at(bento: Path) -> None:
    """Python writes each file by another name and moves it: it is gone when it is looked at."""
    before = bento_digest(bento)
    cache = bento / "src" / "package" / "__pycache__"
    cache.mkdir()
    (cache / "code.cpython-311.pyc").write_bytes(b"compiled")
    (cache / "code.cpython-311.pyc.139906851207440").symlink_to("nothing")

    assert bento_digest(bento) == before


def test_a_digest_is_the_same_while_code_is_compiled_again_and_again(bento: Path) -> None:
    before, cache = bento_digest(bento), bento / "src" / "__pycache__"
    cache.mkdir()
    ended = threading.Event()

    def compile_anew() -> None:
        while not ended.is_set():
            temporary = cache / "service.pyc.1"
            temporary.write_bytes(b"compiled")
            os.replace(temporary, cache / "service.pyc")

    compiling = threading.Thread(target=compile_anew)
    compiling.start()
    try:
        digests = {bento_digest(bento) for _ in range(300)}
    finally:
        ended.set()
        compiling.join()

    assert digests == {before}


def test_a_link_in_the_place_of_compiled_code_is_refused(bento: Path) -> None:
    (bento / "src" / "__pycache__").symlink_to("/tmp")

    with pytest.raises(ArtifactError, match="'src/__pycache__' is a link"):
        bento_digest(bento)


def test_code_beside_the_compiled_counts(bento: Path) -> None:
    before = bento_digest(bento)
    (bento / "src" / "more.pyc").write_bytes(b"not in a cache")

    assert bento_digest(bento) != before
