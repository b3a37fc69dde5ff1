import shutil
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from mlops_platform.errors import ArtifactError, LedgerError, RegistryError, ReleaseConflict
from mlops_platform.files import write_json
from mlops_platform.ledger.pointer import read_pointer
from mlops_platform.serving.contents import DIGESTS, MODEL, bento_folder
from mlops_platform.usecases.deployment import deployment_at
from mlops_platform.usecases.release.reconcile import projection_faults, reconcile
from mlops_platform.usecases.release.roll_back import release_meant, roll_back
from tests.registry.fetched import fetched_version

if TYPE_CHECKING:
    from tests.usecases.conftest import Lifecycle


def test_the_previous_champion_serves_again_as_the_next_release(lifecycle: "Lifecycle") -> None:
    first, second = lifecycle.register(), lifecycle.register()
    earlier = lifecycle.promote(first)
    lifecycle.ledger.record_packaging(lifecycle.model, 1, "flights:a", "bento")
    lifecycle.promote(second)
    release = lifecycle.roll_back()
    assert (release.sequence, release.version, release.kind) == (3, first.version, "roll_back")
    assert (release.digests, release.run_id) == (earlier.digests, earlier.run_id)
    assert release.bento_tag == "flights:a"
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


def _pack_first_of_two(lifecycle: "Lifecycle") -> Path:
    """Release two versions, the first with a Bento; returns the model's files in it."""
    first, second = lifecycle.register(), lifecycle.register()
    lifecycle.promote(first)
    lifecycle.ledger.record_packaging(lifecycle.model, 1, f"{lifecycle.model}:v1", "bento")
    lifecycle.promote(second)
    sources = (
        bento_folder(lifecycle.deployment.settings.bentoml_home, f"{lifecycle.model}:v1") / "src"
    )
    fetched = fetched_version(lifecycle.registry, lifecycle.model, first.version).directory
    (sources / MODEL).mkdir(parents=True)
    shutil.copy(fetched / "model.skops", sources / MODEL)
    write_json(sources / DIGESTS, {"model.skops": first.digests["model.skops"]})
    return sources / MODEL


def test_with_a_bento_the_registry_is_not_asked(lifecycle: "Lifecycle") -> None:
    _pack_first_of_two(lifecycle)
    place = replace(lifecycle.deployment.settings, mlflow_tracking_uri="http://127.0.0.1:9")
    release = replace(lifecycle, deployment=deployment_at(place)).roll_back()
    assert (release.version, release.bento_tag) == (1, f"{lifecycle.model}:v1")
    assert read_pointer(lifecycle.pointer).sequence == 3


def test_a_damaged_bento_is_not_rolled_back_to(lifecycle: "Lifecycle") -> None:
    (_pack_first_of_two(lifecycle) / "model.skops").write_bytes(b"other")
    with pytest.raises(ArtifactError, match=r"'model\.skops' has SHA-256"):
        lifecycle.roll_back()
    assert lifecycle.ledger.current_release(lifecycle.model).sequence == 2


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
