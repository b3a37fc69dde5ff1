from collections.abc import Callable
from pathlib import Path

import pytest

from mlops_platform.errors import LedgerError
from mlops_platform.ledger.ledger import Ledger
from mlops_platform.ledger.pointer import ReleasePointer, read_pointer, write_pointer
from mlops_platform.ledger.records import NewDecision, VersionIdentity


@pytest.mark.parametrize("url", ["sqlite"], indirect=True)
def test_a_pointer_is_read_back_unchanged(
    ledger: Ledger,
    identity: Callable[[int], VersionIdentity],
    promotion: NewDecision,
    tmp_path: Path,
) -> None:
    release = ledger.release("flights", identity(3), promotion, expected_sequence=None)
    pointer = ReleasePointer.of(release)
    path = tmp_path / "models" / "flights" / "release.json"
    assert read_pointer(path) is None
    write_pointer(path, pointer)
    assert read_pointer(path) == pointer
    assert (pointer.model, pointer.sequence, pointer.version) == ("flights", 1, 3)
    assert [file.name for file in path.parent.iterdir()] == ["release.json"]


def test_a_file_that_is_no_pointer_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "release.json"
    path.write_text('{"version": "x"}')
    with pytest.raises(LedgerError, match=r"release\.json is no release pointer"):
        read_pointer(path)
