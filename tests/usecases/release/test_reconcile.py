import json
from dataclasses import replace
from datetime import UTC, date, datetime
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from mlops_platform.errors import RegistryError
from mlops_platform.ledger.pointer import PointedAdjustment, ReleasePointer, read_pointer
from mlops_platform.ledger.records import NewAdjustment
from mlops_platform.registry.registry import Registry
from mlops_platform.usecases.deployment import deployment_at
from mlops_platform.usecases.release.reconcile import (
    point_services,
    projection_faults,
    reconcile,
)

if TYPE_CHECKING:
    from tests.usecases.conftest import Lifecycle


@pytest.fixture
def released(lifecycle: "Lifecycle") -> "Lifecycle":
    """Version 2 serves, version 1 is history."""
    for _ in range(2):
        lifecycle.promote(lifecycle.register())
    return lifecycle


def _assert_healthy(lifecycle: "Lifecycle") -> None:
    release = lifecycle.ledger.current_release(lifecycle.model)
    assert lifecycle.registry.alias_version(lifecycle.model, "champion") == release.version
    pointer = read_pointer(lifecycle.pointer)
    assert pointer.model_dump().items() <= release.model_dump().items()
    assert projection_faults(*lifecycle.scope) == []


def test_nothing_is_repaired_where_nothing_is_wrong(released: "Lifecycle") -> None:
    before = released.pointer.stat().st_mtime_ns
    assert reconcile(*released.scope) == []
    assert released.pointer.stat().st_mtime_ns == before
    _assert_healthy(released)


def _roles(lifecycle: "Lifecycle") -> dict[int, str | None]:
    versions = lifecycle.registry.versions(lifecycle.model)
    return {version.version: version.tags.get("role") for version in versions}


def test_every_version_is_tagged_with_what_it_is(released: "Lifecycle") -> None:
    assert _roles(released) == {1: "former", 2: "champion"}
    released.register()
    assert reconcile(*released.scope) == []
    assert _roles(released) == {1: "former", 2: "champion", 3: "candidate"}
    released.roll_back()
    reconcile(*released.scope)
    assert _roles(released) == {1: "champion", 2: "former", 3: "candidate"}


def test_a_role_that_somebody_changed_is_mended_and_no_fault(released: "Lifecycle") -> None:
    released.registry.tag_version(released.model, 1, "role", "champion")
    assert projection_faults(*released.scope) == []
    assert reconcile(*released.scope) == []
    assert _roles(released) == {1: "former", 2: "champion"}


def test_an_alias_moved_by_hand_is_moved_back(released: "Lifecycle") -> None:
    released.registry.set_alias(released.model, "champion", 1)
    [fault] = reconcile(*released.scope)
    assert (fault.projection, fault.found, fault.expected) == ("alias", "1", "2")
    assert fault.told == "alias of the champion: 1, the ledger says 2"
    _assert_healthy(released)


def test_a_missing_alias_is_set(released: "Lifecycle") -> None:
    released.registry.delete_alias(released.model, "champion")
    [fault] = reconcile(*released.scope)
    assert (fault.projection, fault.found) == ("alias", None)
    _assert_healthy(released)


def _edited(path: Path) -> None:
    content = json.loads(path.read_text())
    content["digests"]["model.skops"] = "0" * 64
    path.write_text(json.dumps(content))


@pytest.mark.parametrize(
    ("damage", "told"),
    [
        (Path.unlink, "nothing, the ledger says version 2 as release 2"),
        (_edited, f"digests.model.skops {'0' * 64}, the ledger says "),
        (lambda path: path.write_text("{"), "unreadable, the ledger says version 2 as release 2"),
    ],
    ids=["missing", "edited", "unreadable"],
)
def test_a_damaged_pointer_is_written_anew(released: "Lifecycle", damage, told: str) -> None:
    damage(released.pointer)
    faults = projection_faults(*released.scope)
    assert [fault.projection for fault in faults] == ["pointer"]
    assert faults[0].told.startswith("pointer of the champion: ")
    assert told in faults[0].told
    assert projection_faults(*released.scope) == faults
    assert reconcile(*released.scope) == faults
    _assert_healthy(released)


def test_a_new_bento_reaches_the_pointer(released: "Lifecycle") -> None:
    released.ledger.record_packaging(released.model, 2, "flights:b", "bento")
    assert [fault.projection for fault in reconcile(*released.scope)] == ["pointer"]
    assert read_pointer(released.pointer).bento_tag == "flights:b"
    _assert_healthy(released)


def _adjust(lifecycle: "Lifecycle", *factors: float) -> None:
    """Write as many adjustments of the release, each after a day more."""
    release = lifecycle.ledger.current_release(lifecycle.model)
    before = lifecycle.ledger.adjustments(lifecycle.model, release.sequence)
    new = [
        NewAdjustment(
            sequence=release.sequence,
            version=release.version,
            constants={"factor": factor},
            facts={},
            labels_through=date(2024, 3, len(before) + at),
            valid_from=datetime(2024, 3, len(before) + at + 2, tzinfo=UTC),
            actor="adaptation",
        )
        for at, factor in enumerate(factors, start=1)
    ]
    lifecycle.ledger.record_adjustments(lifecycle.model, new, after=len(before))


def test_an_adjustment_reaches_the_pointer_and_an_old_one_is_repaired(
    released: "Lifecycle",
) -> None:
    for factors, number in (((1.5, 2.0), 2), ((2.5,), 3)):
        _adjust(released, *factors)
        [fault] = projection_faults(*released.scope)
        assert (fault.projection, fault.role) == ("pointer", "champion")
        assert fault.told.startswith("pointer of the champion: adjustment.number ")
        assert fault.told.endswith(f", the ledger says {factors[-1]}")
        assert "digests" not in fault.told
        assert point_services(*released.scope) == [fault]
        pointed = PointedAdjustment(number=number, constants={"factor": factors[-1]})
        assert read_pointer(released.pointer).adjustment == pointed
        assert projection_faults(*released.scope) == []


def test_a_pointer_whose_adjustment_was_changed_by_hand_is_written_anew(
    released: "Lifecycle",
) -> None:
    _adjust(released, 1.5)
    reconcile(*released.scope)
    before = released.pointer.read_bytes()
    for change in ({"number": 2}, {"constants": {"factor": 1.25}}, {"constants": {"factor": "x"}}):
        content = json.loads(before)
        content["adjustment"] |= change
        released.pointer.write_text(json.dumps(content))
        [fault] = reconcile(*released.scope)
        assert fault.projection == "pointer"
        assert released.pointer.read_bytes() == before


def test_the_next_release_begins_with_the_constants_of_its_version(released: "Lifecycle") -> None:
    _adjust(released, 1.5)
    reconcile(*released.scope)
    release = released.promote(released.register())
    assert read_pointer(released.pointer) == ReleasePointer.of(release)


def test_what_follows_no_release_is_removed(released: "Lifecycle", tmp_path: Path) -> None:
    place = replace(released.deployment.settings, ledger_url=f"sqlite:///{tmp_path / 'empty.db'}")
    emptied = deployment_at(place)
    emptied.ledger.create_schema()
    assert len(reconcile(emptied, released.model)) == 2
    assert released.registry.alias_version(released.model, "champion") is None
    assert not released.pointer.exists()
    assert reconcile(emptied, released.model) == []


class InterruptedRegistry(Registry):
    """Another process releases while the alias is being moved, and finishes first."""

    def interrupt(self, lifecycle: "Lifecycle") -> None:
        self.pending = [lifecycle]

    def set_alias(self, model: str, alias: str, version: int) -> None:
        while self.pending:
            other = self.pending.pop()
            other.promote(other.register())
        super().set_alias(model, alias, version)


def test_a_release_during_the_repair_is_not_undone(released: "Lifecycle") -> None:
    released.registry.set_alias(released.model, "champion", 1)
    released.pointer.unlink()
    interrupted = released.with_registry(InterruptedRegistry)
    interrupted.registry.interrupt(released)
    reconcile(interrupted, released.model)
    assert released.ledger.current_release(released.model).version == 3
    _assert_healthy(released)


class ForgetfulRegistry(Registry):
    """Accepts an alias and does not keep it."""

    def set_alias(self, model: str, alias: str, version: int) -> None:
        return


def test_a_projection_that_keeps_nothing_is_reported(released: "Lifecycle") -> None:
    released.registry.delete_alias(released.model, "champion")
    forgetful = released.with_registry(ForgetfulRegistry)
    with pytest.raises(RegistryError, match="still differ from the ledger after 10 repairs"):
        reconcile(forgetful, released.model)
