import json
from collections.abc import Callable
from pathlib import Path

import pytest
from pydantic import ValidationError

from mlops_platform.errors import LedgerError
from mlops_platform.ledger.ledger import Ledger
from mlops_platform.ledger.pointer import (
    PointedAdjustment,
    ReleasePointer,
    read_pointer,
    write_pointer,
)
from mlops_platform.ledger.records import NewAdjustment, NewDecision, VersionIdentity


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


@pytest.mark.parametrize("url", ["sqlite"], indirect=True)
def test_a_pointer_says_what_the_release_was_adjusted_to(
    ledger: Ledger,
    identity: Callable[[int], VersionIdentity],
    promotion: NewDecision,
    adjustment: Callable[..., NewAdjustment],
    tmp_path: Path,
) -> None:
    release = ledger.release("flights", identity(3), promotion, expected_sequence=None)
    plain = ReleasePointer.of(release).to_stored()
    assert list(json.loads(plain)) == [
        *("format", "version", "run_id", "digests", "schema_hash", "environment_hash"),
        *("fitted", "bento_tag", "model", "sequence", "released_at"),
    ]
    exact = {"factor": 0.1 + 0.2, "least": 5e-324}
    ledger.record_adjustments("flights", [adjustment(1), adjustment(2, constants=exact)], after=0)
    pointer = ReleasePointer.of(release, ledger.latest_adjustment("flights", 1))
    assert pointer.adjustment == PointedAdjustment(number=2, constants=exact)
    path = tmp_path / "release.json"
    write_pointer(path, pointer)
    assert read_pointer(path) == pointer
    stored = json.loads(path.read_text())
    assert stored.pop("adjustment") == {"number": 2, "constants": exact}
    assert stored == json.loads(plain)


@pytest.mark.parametrize("value", [float("nan"), float("inf")])
def test_a_pointed_constant_is_finite(value: float) -> None:
    with pytest.raises(ValidationError, match="finite"):
        PointedAdjustment(number=1, constants={"factor": value})
