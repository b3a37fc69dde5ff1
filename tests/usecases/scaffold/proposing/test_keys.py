"""A key is what tells rows apart; copies are dropped or numbered, and it is said which."""

from itertools import product
from pathlib import Path

import pytest

from mlops_platform.data.profiling.scan import scan_files
from mlops_platform.usecases.scaffold.proposing.keys import Key, key_of
from tests.usecases.scaffold.proposing.conftest import written

EVERY = "".join(",".join(values) + "\n" for values in product("xy", repeat=4))
CASES = {
    "a key": ("a,b\n1,x\n2,x\n3,y\n", ("a",), "refuse"),
    "copies": ("a,b\n1,x\n2,x\n3,y\n3,y\n", ("a",), "drop"),
    "nothing but a key": ("a,b\n1,x\n2,x\n1,y\n2,y\n2,y\n", ("a", "b"), "number"),
    "no key": ("a,b,c,d\n" + EVERY * 2, ("a", "b", "c", "d"), "number"),
}


@pytest.mark.parametrize(("text", "columns", "duplicates"), CASES.values(), ids=CASES)
def test_rows_are_told_apart(
    tmp_path: Path, text: str, columns: tuple[str, ...], duplicates: str
) -> None:
    key = _key(tmp_path, text)
    assert (set(key.columns), key.duplicates) == (set(columns), duplicates)
    assert key.reason


def test_copies_without_key_are_numbered(tmp_path: Path) -> None:
    key = _key(tmp_path, CASES["no key"][0])
    assert key.numbered_by == "row_number"
    assert key.landed[-1] == "row_number"


def test_a_key_that_does_not_land_is_none(tmp_path: Path) -> None:
    with scan_files([written(tmp_path, CASES["a key"][0])]) as table:
        key = key_of(table.profile, (), ("b",))
    assert key.columns == ("b",)
    assert key.duplicates == "number"


def _key(folder: Path, text: str) -> Key:
    with scan_files([written(folder, text)]) as table:
        landed = tuple(column.output for column in table.profile.columns)
        return key_of(table.profile, (), landed)
