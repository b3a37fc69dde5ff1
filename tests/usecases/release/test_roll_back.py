import json
import shutil
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from sqlalchemy import create_engine, text

from mlops_platform.artifacts.bentos import bento_digest
from mlops_platform.errors import (
    ArtifactError,
    LedgerError,
    MlopsError,
    RegistryError,
    ReleaseConflict,
)
from mlops_platform.files import write_json
from mlops_platform.ledger.pointer import read_pointer
from mlops_platform.ledger.records import BentoIdentity
from mlops_platform.serving.contents import GOLDEN_ROWS, MODEL, RELEASE, bento_folder
from mlops_platform.usecases.deployment import deployment_at
from mlops_platform.usecases.release.reconcile import projection_faults, reconcile
from mlops_platform.usecases.release.roll_back import release_meant, roll_back
from tests.registry.fetched import fetched_version

if TYPE_CHECKING:
    from tests.usecases.conftest import Lifecycle


def test_the_previous_champion_serves_again_as_the_next_release(lifecycle: "Lifecycle") -> None:
    first, second = lifecycle.register(), lifecycle.register()
    earlier = lifecycle.promote(first)
    lifecycle.promote(second)
    release = lifecycle.roll_back()
    assert (release.sequence, release.version, release.kind) == (3, first.version, "roll_back")
    assert (release.digests, release.run_id) == (earlier.digests, earlier.run_id)
    assert release.fitted == first.fitted
    decision = lifecycle.ledger.decisions(lifecycle.model)[0]
    assert (decision.reason, decision.actor) == ("late rate doubled", "alice")
    assert decision.evidence == {"from_version": second.version, "to_version": first.version}
    assert read_pointer(lifecycle.pointer).sequence == 3
    (following,) = projection_faults(*lifecycle.scope)
    assert (following.projection, following.expected) == ("alias", str(first.version))
    reconcile(*lifecycle.scope)
    assert projection_faults(*lifecycle.scope) == []
    assert lifecycle.ledger.verify_chain(lifecycle.model) is None


def test_rolling_back_again_never_returns_to_what_was_rolled_back(
    lifecycle: "Lifecycle",
) -> None:
    versions = [lifecycle.promote(lifecycle.register()).version for _ in range(3)]
    assert lifecycle.roll_back().version == versions[1]
    newer = lifecycle.promote(lifecycle.register())
    assert lifecycle.roll_back().version == versions[1]
    assert lifecycle.roll_back().version == versions[0]
    with pytest.raises(LedgerError, match="no earlier champion"):
        lifecycle.roll_back()
    served = [release.version for release in lifecycle.ledger.releases(lifecycle.model)]
    assert served == [*versions, versions[1], newer.version, versions[1], versions[0]]


def test_without_an_earlier_champion_nothing_is_rolled_back(lifecycle: "Lifecycle") -> None:
    with pytest.raises(LedgerError, match="no earlier champion"):
        lifecycle.roll_back()
    lifecycle.promote(lifecycle.register())
    with pytest.raises(LedgerError, match="no earlier champion"):
        lifecycle.roll_back()
    assert len(lifecycle.ledger.decisions(lifecycle.model)) == 1


def test_a_damaged_or_lost_version_is_not_rolled_back_to(lifecycle: "Lifecycle") -> None:
    first = lifecycle.register()
    lifecycle.promote(first)
    lifecycle.promote(lifecycle.register())
    directory = fetched_version(lifecycle.registry, lifecycle.model, first.version).directory
    (directory / "model.skops").write_bytes(b"other")
    with pytest.raises(ArtifactError, match=r"'model\.skops' has SHA-256"):
        lifecycle.roll_back()
    shutil.rmtree(directory)
    with pytest.raises(RegistryError, match="cannot be fetched"):
        lifecycle.roll_back()
    assert lifecycle.ledger.current_release(lifecycle.model).sequence == 2
    assert len(lifecycle.ledger.decisions(lifecycle.model)) == 2


@pytest.fixture
def packed(lifecycle: "Lifecycle", pack: Callable[..., str]) -> Path:
    """The Bento of the first of two releases."""
    first = lifecycle.register()
    lifecycle.promote(first)
    tag = pack(first, 1)
    folder = bento_folder(lifecycle.deployment.settings.bentoml_home, tag)
    bento = BentoIdentity(tag=tag, digest=bento_digest(folder))
    lifecycle.ledger.record_packaging(lifecycle.model, 1, bento, "bento")
    lifecycle.promote(lifecycle.register())
    return folder


def test_with_a_bento_the_registry_is_not_asked(lifecycle: "Lifecycle", packed: Path) -> None:
    place = replace(lifecycle.deployment.settings, mlflow_tracking_uri="http://127.0.0.1:9")
    release = replace(lifecycle, deployment=deployment_at(place)).roll_back()
    assert (release.version, release.bento_tag) == (1, f"{lifecycle.model}:v1")
    assert release.bento_digest == bento_digest(packed)
    pointer = read_pointer(lifecycle.pointer)
    assert (pointer.sequence, pointer.bento_digest) == (3, release.bento_digest)
    assert [row.table for row in pointer.rows] == ["releases", "packagings"]


def _wrong_golden_rows(packed: Path) -> None:
    file = packed / "src" / GOLDEN_ROWS
    content = json.loads(file.read_bytes())
    content["rows"][0]["numbers"][0] += 1e-6
    write_json(file, content)


def _other_constants(packed: Path) -> None:
    file = packed / "src" / RELEASE
    write_json(file, json.loads(file.read_bytes()) | {"constants": {"threshold": 0.99}})


def _other_model(packed: Path) -> None:
    (packed / "src" / MODEL / "model.skops").write_bytes(b"other")


DAMAGES = {
    _wrong_golden_rows: "golden rows: what is served is",
    _other_constants: r"has \{'threshold': 0.25\}",
    _other_model: r"'model\.skops' has SHA-256",
    shutil.rmtree: r"cannot be read .* Build it anew",
}


@pytest.mark.fault(
    "the Bento of the earlier champion is gone, or its model, constants or golden rows are others",
    "it is not rolled back to, and nothing is written",
)
@pytest.mark.parametrize("damage", DAMAGES)
@pytest.mark.parametrize("sealed", [True, False])
def test_what_no_service_could_serve_is_not_rolled_back_to(
    lifecycle: "Lifecycle",
    packed: Path,
    damage: Callable[[Path], None],
    sealed: bool,
    observe: Callable[[str], None],
) -> None:
    if not sealed:
        # Of a packaging of before digests were kept the rest is found nevertheless.
        bento = BentoIdentity(tag=f"{lifecycle.model}:v1")
        lifecycle.ledger.record_packaging(lifecycle.model, 1, bento, "bento")
    damage(packed)
    named = "the ledger says" if sealed and packed.exists() else DAMAGES[damage]
    with pytest.raises(MlopsError, match=named):
        lifecycle.roll_back()
    assert lifecycle.ledger.current_release(lifecycle.model).sequence == 2
    assert read_pointer(lifecycle.pointer).sequence == 2
    observe("refused with its reason; the ledger stays at release 2, and so does the pointer")


@pytest.mark.fault(
    "a row of the ledger is changed, then somebody rolls back",
    "the chain is verified first, and nothing is written",
)
def test_nothing_is_rolled_back_by_a_ledger_that_was_changed(
    lifecycle: "Lifecycle", observe: Callable[[str], None]
) -> None:
    for _ in range(2):
        lifecycle.promote(lifecycle.register())
    with create_engine(lifecycle.deployment.settings.ledger_url).begin() as connection:
        connection.execute(text("DROP TRIGGER releases_no_update"))
        connection.execute(text("UPDATE releases SET schema_hash = 'x' WHERE sequence = 1"))
    with pytest.raises(LedgerError, match="changed after it was written"):
        lifecycle.roll_back()
    assert lifecycle.ledger.current_release(lifecycle.model).sequence == 2
    observe("`... was changed after it was written`; the ledger stays at release 2")


def test_what_was_rolled_back_is_not_promoted_again(lifecycle: "Lifecycle") -> None:
    first, second, third = (lifecycle.register() for _ in range(3))
    lifecycle.promote(first)
    lifecycle.promote(second)
    lifecycle.roll_back()
    with pytest.raises(LedgerError, match=rf"version {second.version} .* rolled back by alice"):
        lifecycle.promote(second)
    assert len(lifecycle.ledger.releases(lifecycle.model)) == 3
    # Another version may follow, and what was rolled back to may serve after it once more.
    assert lifecycle.promote(third).version == third.version
    assert lifecycle.roll_back().version == first.version


def test_two_people_who_see_one_fault_roll_back_one_champion(lifecycle: "Lifecycle") -> None:
    for _ in range(3):
        lifecycle.promote(lifecycle.register())
    seen = release_meant(*lifecycle.of_ledger, 3)
    assert roll_back(*lifecycle.scope, reason="late", actor="alice").version == 2
    told = r"release 4 serves, version 2, rolled back to by alice at "
    with pytest.raises(LedgerError, match=told + r".* `--release 4` .* to version 1\."):
        roll_back(*lifecycle.scope, reason="late", actor="bob")
    with pytest.raises(LedgerError, match=r"release 3 .* is not the present one: " + told):
        release_meant(*lifecycle.of_ledger, 3)
    # Who had looked before the other one wrote is told all the same.
    with pytest.raises(ReleaseConflict, match=r"\(roll_back by alice: late\)"):
        roll_back(*lifecycle.scope, reason="late", actor="bob", after=[seen])
    assert len(lifecycle.ledger.releases(lifecycle.model)) == 4
    named = release_meant(*lifecycle.of_ledger, 4)
    assert roll_back(*lifecycle.scope, reason="both", actor="bob", after=[named]).version == 1


def test_what_was_never_released_is_not_meant(lifecycle: "Lifecycle") -> None:
    with pytest.raises(LedgerError, match=r"release 1 .*: nothing was released"):
        release_meant(*lifecycle.of_ledger, 1)
