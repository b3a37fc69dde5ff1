import json
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from mlops_platform.errors import RegistryError
from mlops_platform.ledger.pointer import read_pointer
from mlops_platform.registry.registry import Registry
from mlops_platform.usecases.release.reconcile import projection_faults, reconcile

if TYPE_CHECKING:
    from tests.usecases.conftest import Deployment


@pytest.fixture
def released(deployment: "Deployment") -> "Deployment":
    """Version 2 serves, version 1 is history."""
    for _ in range(2):
        deployment.promote(deployment.register())
    return deployment


def _assert_healthy(deployment: "Deployment") -> None:
    release = deployment.ledger.current_release(deployment.model)
    assert deployment.registry.alias_version(deployment.model, "champion") == release.version
    pointer = read_pointer(deployment.pointer)
    assert pointer.model_dump().items() <= release.model_dump().items()
    assert projection_faults(*deployment.parts) == []


def test_nothing_is_repaired_where_nothing_is_wrong(released: "Deployment") -> None:
    before = released.pointer.stat().st_mtime_ns
    assert reconcile(*released.parts) == []
    assert released.pointer.stat().st_mtime_ns == before
    _assert_healthy(released)


def test_an_alias_moved_by_hand_is_moved_back(released: "Deployment") -> None:
    released.registry.set_alias(released.model, "champion", 1)
    [fault] = reconcile(*released.parts)
    assert (fault.projection, fault.found, fault.expected) == ("alias", "1", "2")
    _assert_healthy(released)


def test_a_missing_alias_is_set(released: "Deployment") -> None:
    released.registry.delete_alias(released.model, "champion")
    [fault] = reconcile(*released.parts)
    assert (fault.projection, fault.found) == ("alias", None)
    _assert_healthy(released)


def _edited(path: Path) -> None:
    content = json.loads(path.read_text())
    content["digests"]["model.skops"] = "0" * 64
    path.write_text(json.dumps(content))


@pytest.mark.parametrize(
    "damage",
    [Path.unlink, _edited, lambda path: path.write_text("{")],
    ids=["missing", "edited", "unreadable"],
)
def test_a_damaged_pointer_is_written_anew(released: "Deployment", damage) -> None:
    damage(released.pointer)
    faults = projection_faults(*released.parts)
    assert [fault.projection for fault in faults] == ["pointer"]
    assert projection_faults(*released.parts) == faults
    assert reconcile(*released.parts) == faults
    _assert_healthy(released)


def test_a_new_bento_reaches_the_pointer(released: "Deployment") -> None:
    released.ledger.record_packaging(released.model, 2, "flights:b", "bento")
    assert [fault.projection for fault in reconcile(*released.parts)] == ["pointer"]
    assert read_pointer(released.pointer).bento_tag == "flights:b"
    _assert_healthy(released)


def test_what_follows_no_release_is_removed(released: "Deployment", tmp_path: Path) -> None:
    from mlops_platform.ledger.ledger import Ledger

    empty = Ledger(f"sqlite:///{tmp_path / 'empty.db'}")
    empty.create_schema()
    parts = (empty, *released.parts[1:])
    assert len(reconcile(*parts)) == 2
    assert released.registry.alias_version(released.model, "champion") is None
    assert not released.pointer.exists()
    assert reconcile(*parts) == []


class InterruptedRegistry(Registry):
    """Another process releases while the alias is being moved, and finishes first."""

    def interrupt(self, deployment: "Deployment") -> None:
        self.pending = [deployment]

    def set_alias(self, model: str, alias: str, version: int) -> None:
        while self.pending:
            other = self.pending.pop()
            other.promote(other.register())
        super().set_alias(model, alias, version)


def test_a_release_during_the_repair_is_not_undone(released: "Deployment") -> None:
    released.registry.set_alias(released.model, "champion", 1)
    released.pointer.unlink()
    interrupted = InterruptedRegistry(released.registry._tracking_uri, Path("unused"))
    interrupted.interrupt(released)
    reconcile(released.ledger, interrupted, released.pointer, released.model)
    assert released.ledger.current_release(released.model).version == 3
    _assert_healthy(released)


class ForgetfulRegistry(Registry):
    """Accepts an alias and does not keep it."""

    def set_alias(self, model: str, alias: str, version: int) -> None:
        return


def test_a_projection_that_keeps_nothing_is_reported(released: "Deployment") -> None:
    released.registry.delete_alias(released.model, "champion")
    forgetful = ForgetfulRegistry(released.registry._tracking_uri, Path("unused"))
    with pytest.raises(RegistryError, match="still differ from the ledger after 10 repairs"):
        reconcile(released.ledger, forgetful, released.pointer, released.model)
