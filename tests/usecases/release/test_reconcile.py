import json
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, date, datetime
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from sqlalchemy import create_engine, text

from mlops_platform.artifacts.bentos import SIGNATURE_FILE, bento_digest
from mlops_platform.artifacts.signatures import require_signature
from mlops_platform.errors import ArtifactError, LedgerError, RegistryError
from mlops_platform.files import write_json, write_text
from mlops_platform.ledger.heads import Heads, read_heads
from mlops_platform.ledger.pointer import PointedAdjustment, ReleasePointer, read_pointer
from mlops_platform.ledger.records import (
    BentoIdentity,
    NewAdjustment,
    NewDecision,
    NewIncidentEvent,
)
from mlops_platform.registry.registry import Registry
from mlops_platform.registry.versions import RELEASE_TAG
from mlops_platform.serving.contents import ANCHOR, bento_folder
from mlops_platform.usecases.deployment import Deployment, deployment_at
from mlops_platform.usecases.ledger.anchors import accept_losses, known_somewhere
from mlops_platform.usecases.ledger.freeze import freeze, unfreeze
from mlops_platform.usecases.ledger.retirement import reinstate
from mlops_platform.usecases.release.reconcile import (
    point_services,
    projection_faults,
    reconcile,
)
from mlops_platform.usecases.release.release import release_version
from mlops_platform.usecases.release.roll_back import roll_back
from tests.serving.keys import key_pair

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
    assert (
        pointer.model_dump(exclude={"rows", "adjustment", "signature"}).items()
        <= release.model_dump().items()
    )
    assert pointer.rows == lifecycle.ledger.release_rows(lifecycle.model, release.sequence)
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
    released.ledger.record_packaging(released.model, 2, BentoIdentity(tag="flights:b"), "bento")
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
    rows = released.ledger.release_rows(released.model, release.sequence)
    assert [row.table for row in rows] == ["releases"]
    assert read_pointer(released.pointer) == ReleasePointer.of(release, rows=rows)


def _with_ledger(lifecycle: "Lifecycle", file: Path) -> Deployment:
    place = replace(lifecycle.deployment.settings, ledger_url=f"sqlite:///{file}")
    deployment = deployment_at(place)
    deployment.ledger.create_schema()
    return deployment


@pytest.mark.fault(
    "the ledger is emptied",
    "`reconcile` refuses, and goes on with `--accept-loss` only, by a decision that names the loss",
)
def test_an_emptied_ledger_is_not_believed_until_its_loss_is_accepted(
    released: "Lifecycle", tmp_path: Path, observe: Callable[[str], None]
) -> None:
    emptied = _with_ledger(released, tmp_path / "empty.db")
    assert known_somewhere(emptied) == [released.model]
    before = released.pointer.read_bytes()
    with pytest.raises(LedgerError, match=r"has lost rows .* --accept-loss"):
        reconcile(emptied, released.model)
    assert released.pointer.read_bytes() == before
    assert released.registry.alias_version(released.model, "champion") == 2
    lost = accept_losses(emptied, released.model, "we begin anew", "alice")
    assert {anchor.where for anchor in lost} == {
        "releases in the pointer of the champion",
        "newest row of decisions by ledger_heads.json",
        "newest row of releases by ledger_heads.json",
        "release of version 1 in the registry",
        "release of version 2 in the registry",
    }
    [decision] = emptied.ledger.decisions(released.model)
    assert (decision.kind, decision.reason, decision.actor) == (
        *("accept_loss", "we begin anew", "alice"),
    )
    assert len(reconcile(emptied, released.model)) == 2
    observe("refused; then the decision `accept_loss` names five anchors, and two are removed")
    assert released.registry.alias_version(released.model, "champion") is None
    assert not released.pointer.exists()
    assert reconcile(emptied, released.model) == []


@pytest.fixture
def restored(released: "Lifecycle", tmp_path: Path) -> tuple["Lifecycle", Deployment]:
    """Yesterday's copy of the ledger, which knows of two releases, and a third one since."""
    backup = released.ledger.back_up(tmp_path / "backup")
    released.promote(released.register())
    return released, _with_ledger(released, backup)


@pytest.mark.fault(
    "yesterday's backup of the ledger takes the place of today's",
    "nothing rests on it: no projection, release or roll back, until the loss is accepted",
)
def test_yesterdays_ledger_is_not_believed(
    restored: tuple["Lifecycle", Deployment], observe: Callable[[str], None]
) -> None:
    lifecycle, old = restored
    assert old.ledger.verify_chain(lifecycle.model) is None  # it is whole by itself
    before = lifecycle.pointer.read_bytes()
    refused = [
        lambda: reconcile(old, lifecycle.model),
        lambda: point_services(old, lifecycle.model),
        lambda: roll_back(old, lifecycle.model, reason="r", actor="alice"),
        lambda: release_version(old, lifecycle.promotion(lifecycle.register(), 2)),
    ]
    for act in refused:
        with pytest.raises(LedgerError, match="the ledger has lost rows"):
            act()
    assert old.ledger.current_release(lifecycle.model).sequence == 2
    assert lifecycle.pointer.read_bytes() == before
    assert lifecycle.registry.alias_version(lifecycle.model, "champion") == 3
    observe("`the ledger has lost rows ...` four times; pointer, alias and ledger as before")


@pytest.mark.fault(
    "on yesterday's backup of the ledger somebody goes on: freezes, packs, opens incidents",
    "nothing is written, so that no number is there twice, until the loss is accepted",
)
def test_nothing_is_appended_to_yesterdays_ledger(
    restored: tuple["Lifecycle", Deployment], observe: Callable[[str], None]
) -> None:
    lifecycle, old = restored
    model = lifecycle.model
    freeze = NewDecision(kind="freeze", reason="r", actor="alice")
    opened = NewIncidentEvent(
        incident="flights-1",
        kind="opened",
        told="",
        actor="a",
        happened_at=datetime(2024, 3, 4, tzinfo=UTC),
    )
    before = old.ledger.newest_hashes(model)
    for write in (
        lambda: old.ledger.record_decision(model, freeze),
        lambda: old.ledger.record_packaging(model, 2, BentoIdentity(tag="flights:c"), "bento"),
        lambda: old.ledger.record_adjustments(model, [], after=0),
        lambda: old.ledger.record_activations(model, []),
        lambda: old.incident_log.write(model, [opened]),
    ):
        with pytest.raises(LedgerError, match=r"has lost rows of .* Nothing was written"):
            write()
    assert old.ledger.newest_hashes(model) == before
    accept_losses(old, model, "the disk is gone", "alice")
    assert old.ledger.record_decision(model, freeze).kind == "freeze"
    observe("`the ledger has lost rows ... Nothing was written`, five times; then it goes on")


def test_what_yesterdays_ledger_does_not_know_is_no_answer_to_a_person(
    restored: tuple["Lifecycle", Deployment],
) -> None:
    lifecycle, old = restored
    freeze(lifecycle.ledger, lifecycle.model, "runway works", "alice")
    # Today's knows of the freeze, and of no retirement.
    for answer in (unfreeze, reinstate):
        with pytest.raises(LedgerError, match="has lost rows"):
            answer(old.ledger, lifecycle.model, "done", "bob")
    with pytest.raises(LedgerError, match="is not retired"):
        reinstate(lifecycle.ledger, lifecycle.model, "done", "bob")


def _cut_heads(file: Path) -> None:
    newest = read_heads(file).newest
    write_text(file, Heads(newest={"releases": newest["releases"]}).to_stored())


@pytest.mark.fault(
    "the heads of the chains, which show a loss of the newest rows, are deleted, damaged or cut",
    "`doctor` tells it, and `reconcile` writes them anew and says so",
)
@pytest.mark.parametrize("damage", [Path.unlink, lambda file: file.write_text("{"), _cut_heads])
def test_heads_that_are_lost_or_cut_are_told_and_written_anew(
    released: "Lifecycle", damage: Callable[[Path], None], observe: Callable[[str], None]
) -> None:
    reconcile(*released.scope)
    file = released.deployment.settings.ledger_heads(released.model)
    whole = file.read_bytes()
    damage(file)
    [fault] = projection_faults(*released.scope)
    assert fault.where == "newest rows by ledger_heads.json"
    assert reconcile(*released.scope) == [fault]
    assert file.read_bytes() == whole
    assert projection_faults(*released.scope) == []
    observe(f"`{fault.told}`; written anew")


@pytest.mark.parametrize("left", ["pointer", "heads", "registry", "bento"])
def test_each_anchor_tells_of_a_lost_release(
    restored: tuple["Lifecycle", Deployment], left: str
) -> None:
    lifecycle, old = restored
    model, place = lifecycle.model, lifecycle.deployment.settings
    release = lifecycle.ledger.current_release(model)
    if left == "bento":
        bento = bento_folder(place.bentoml_home, f"{model}:v3") / "src"
        bento.mkdir(parents=True)
        write_json(bento / ANCHOR, {"hash": release.hash})
    if left != "pointer":
        lifecycle.pointer.unlink()
    if left != "heads":
        place.ledger_heads(model).unlink()
    if left != "registry":
        lifecycle.registry.tag_version(model, 3, RELEASE_TAG, old.ledger.releases(model)[0].hash)
    with pytest.raises(LedgerError, match=release.hash[:16]):
        reconcile(old, model)


def test_a_decision_goes_on_without_what_is_lost(restored: tuple["Lifecycle", Deployment]) -> None:
    lifecycle, old = restored
    model = lifecycle.model
    assert accept_losses(old, model, "the disk is gone", "alice") != []
    assert {fault.projection for fault in reconcile(old, model)} == {"alias", "pointer"}
    assert read_pointer(lifecycle.pointer).sequence == 2
    assert accept_losses(old, model, "again", "alice") == []
    assert reconcile(old, model) == []
    assert [decision.kind for decision in old.ledger.decisions(model, limit=1)] == ["accept_loss"]


def test_a_pointer_of_before_it_held_rows_still_tells_of_a_lost_release(
    restored: tuple["Lifecycle", Deployment],
) -> None:
    lifecycle, old = restored
    content = json.loads(lifecycle.pointer.read_bytes())
    del content["rows"]
    lifecycle.pointer.write_text(json.dumps(content))
    lifecycle.deployment.settings.ledger_heads(lifecycle.model).unlink()
    lifecycle.registry.tag_version(
        lifecycle.model, 3, RELEASE_TAG, old.ledger.releases(lifecycle.model)[0].hash
    )
    with pytest.raises(LedgerError, match="version 3 as release 3"):
        reconcile(old, lifecycle.model)
    assert [fault.told for fault in reconcile(*lifecycle.scope)] == [
        "pointer of the champion: other rows of the ledger, or not signed by this deployment",
        "newest rows by ledger_heads.json: missing, the ledger says its newest rows",
    ]


@pytest.mark.fault(
    "rows of incidents or of packagings are deleted from the ledger, its chain still whole",
    "it is noticed",
)
def test_deleted_incidents_and_packagings_are_noticed(
    released: "Lifecycle", observe: Callable[[str], None]
) -> None:
    told = {"incident": "flights-1", "kind": "opened", "told": "", "actor": "a"}
    event = {**told, "happened_at": datetime(2024, 3, 4, tzinfo=UTC)}
    log = released.deployment.incident_log
    log.write(released.model, [NewIncidentEvent.model_validate(event)])
    released.ledger.record_packaging(released.model, 2, BentoIdentity(tag="flights:b"), "bento")
    reconcile(*released.scope)
    for table in ("incident_events", "packagings"):
        with create_engine(released.deployment.settings.ledger_url).begin() as connection:
            connection.execute(text(f"DROP TRIGGER {table}_no_delete"))
            connection.execute(text(f"DELETE FROM {table}"))
        with pytest.raises(LedgerError, match=f"newest row of {table}"):
            reconcile(*released.scope)
        observe(f"`... lost rows ...: newest row of {table} by ledger_heads.json`")


def test_pointers_and_bentos_are_signed_where_there_is_a_key(
    released: "Lifecycle", tmp_path: Path
) -> None:
    private, public = key_pair(tmp_path)
    place = replace(released.deployment.settings, signing_key=private)
    folder = bento_folder(place.bentoml_home, f"{released.model}:v2")
    (folder / "src").mkdir(parents=True)
    (folder / "src" / "service.py").write_text("")
    bento = BentoIdentity(tag=f"{released.model}:v2", digest=bento_digest(folder))
    released.ledger.record_packaging(released.model, 2, bento, "bento")
    signing = deployment_at(place)
    assert [fault.projection for fault in reconcile(signing, released.model)] == ["pointer"]
    pointer = read_pointer(released.pointer)
    require_signature(pointer.signed_text, pointer.signature, public, "the pointer")
    signature = (folder / SIGNATURE_FILE).read_text().strip()
    require_signature(bento.digest, signature, public, "the Bento")
    assert bento_digest(folder) == bento.digest
    assert reconcile(signing, released.model) == []
    # Another Bento than the ledger's is never signed.
    (folder / "src" / "service.py").write_text("print('mine')")
    (folder / SIGNATURE_FILE).unlink()
    with pytest.raises(ArtifactError, match="the ledger says"):
        reconcile(signing, released.model)


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
