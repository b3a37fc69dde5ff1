"""Whole files or none."""

import hashlib
import json
from pathlib import Path

import pytest

from mlops_platform.files import (
    FileState,
    new_directory,
    replacing_file,
    sha256_of_file,
    write_json,
    write_text,
)


def test_a_failing_writer_leaves_the_old_file_and_no_trace(tmp_path: Path) -> None:
    target = tmp_path / "pointer.json"
    write_text(target, "old")

    with pytest.raises(RuntimeError), replacing_file(target) as temporary:
        temporary.write_text("half")
        raise RuntimeError

    assert target.read_text() == "old"
    assert [path.name for path in tmp_path.iterdir()] == ["pointer.json"]


def test_a_reader_never_sees_a_file_that_is_being_written(tmp_path: Path) -> None:
    target = tmp_path / "deep" / "file.txt"
    with replacing_file(target) as temporary:
        temporary.write_text("whole")
        assert not target.exists()
    assert target.read_text() == "whole"


def test_a_failing_writer_leaves_no_directory(tmp_path: Path) -> None:
    with pytest.raises(RuntimeError), new_directory(tmp_path / "set") as temporary:
        (temporary / "rows").write_text("half")
        raise RuntimeError

    assert list(tmp_path.iterdir()) == []


def test_a_directory_that_exists_already_stays_as_it_is(tmp_path: Path) -> None:
    for content in ("first", "second"):
        with new_directory(tmp_path / "set") as temporary:
            (temporary / "rows").write_text(content)

    assert (tmp_path / "set" / "rows").read_text() == "first"
    assert [path.name for path in tmp_path.iterdir()] == ["set"]


def test_a_target_that_is_a_file_is_an_error_and_not_overwritten(tmp_path: Path) -> None:
    (tmp_path / "set").write_text("in the way")

    with pytest.raises(OSError), new_directory(tmp_path / "set"):
        pass

    assert (tmp_path / "set").read_text() == "in the way"


def test_equal_values_are_equal_files(tmp_path: Path) -> None:
    write_json(tmp_path / "a", {"x": 1, "y": [None, 0.1]})
    write_json(tmp_path / "b", {"y": [None, 0.1], "x": 1})

    assert sha256_of_file(tmp_path / "a") == sha256_of_file(tmp_path / "b")
    assert json.loads((tmp_path / "a").read_text()) == {"x": 1, "y": [None, 0.1]}


def test_the_digest_is_that_of_the_bytes(tmp_path: Path) -> None:
    (tmp_path / "file").write_bytes(b"\x00abc")

    assert sha256_of_file(tmp_path / "file") == hashlib.sha256(b"\x00abc").hexdigest()


def test_a_file_that_takes_the_place_of_another_is_told_from_it(tmp_path: Path) -> None:
    target = tmp_path / "pointer.json"
    write_text(target, "old")
    before = FileState.of(target)
    assert FileState.of(target) == before
    write_text(target, "new")
    assert FileState.of(target) != before
