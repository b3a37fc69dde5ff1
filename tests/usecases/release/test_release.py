from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from mlops_platform.errors import ArtifactError, RegistryError, ReleaseConflict
from mlops_platform.ledger.pointer import read_pointer
from mlops_platform.ledger.records import NewDecision
from mlops_platform.registry.registry import Registry
from mlops_platform.usecases.release.reconcile import projection_faults, reconcile
from mlops_platform.usecases.release.release import release_version

if TYPE_CHECKING:
    from tests.usecases.conftest import Deployment

PROMOTION = NewDecision(kind="promote", reason="better", actor="gate", evidence={"margin": 0.01})


def test_ledger_alias_and_pointer_name_the_released_version(deployment: "Deployment") -> None:
    identity = deployment.register()
    release = release_version(*deployment.parts, identity, PROMOTION, expected_sequence=None)
    assert release == deployment.ledger.current_release(deployment.model)
    assert deployment.registry.alias_version(deployment.model, "champion") == identity.version
    pointer = read_pointer(deployment.pointer)
    assert (pointer.sequence, pointer.version) == (1, identity.version)
    assert (pointer.digests, pointer.run_id) == (identity.digests, identity.run_id)
    [decision] = deployment.ledger.decisions(deployment.model)
    assert decision.evidence == {"margin": 0.01}


def test_releasing_what_is_the_champion_already_changes_nothing(deployment: "Deployment") -> None:
    identity = deployment.register()
    releases = [
        release_version(*deployment.parts, identity, PROMOTION, expected_sequence=None)
        for _ in range(2)
    ]
    assert releases[0] == releases[1]
    assert len(deployment.ledger.decisions(deployment.model)) == 1


def test_a_lost_race_changes_nothing(deployment: "Deployment") -> None:
    winner = deployment.promote(deployment.register())
    with pytest.raises(ReleaseConflict):
        release_version(*deployment.parts, deployment.register(), PROMOTION, expected_sequence=None)
    assert deployment.ledger.current_release(deployment.model) == winner
    assert projection_faults(*deployment.parts) == []


def test_a_version_whose_files_changed_is_not_released(deployment: "Deployment") -> None:
    identity = deployment.register()
    fetched = deployment.registry.fetch_version(deployment.model, identity.version)
    (fetched.directory / "requirements.txt").write_text("evil==1\n")
    with pytest.raises(ArtifactError, match=r"'requirements\.txt' has SHA-256"):
        deployment.promote(identity)
    assert deployment.ledger.decisions(deployment.model) == []
    assert not deployment.pointer.exists()


def test_a_version_that_does_not_exist_is_not_released(deployment: "Deployment") -> None:
    identity = deployment.register().model_copy(update={"version": 9})
    with pytest.raises(RegistryError, match="no version 9"):
        deployment.promote(identity)
    assert deployment.ledger.decisions(deployment.model) == []


class CrashingRegistry(Registry):
    """Dies where the alias would be moved."""

    def set_alias(self, model: str, alias: str, version: int) -> None:
        raise SystemExit


def test_a_crash_between_ledger_and_alias_is_healed(deployment: "Deployment") -> None:
    first, second = deployment.register(), deployment.register()
    deployment.promote(first)
    crashing = CrashingRegistry(deployment.registry._tracking_uri, Path("unused"))
    with pytest.raises(SystemExit):
        release_version(
            deployment.ledger,
            crashing,
            deployment.pointer,
            deployment.model,
            second,
            PROMOTION,
            expected_sequence=1,
        )
    assert deployment.ledger.current_release(deployment.model).version == second.version
    assert deployment.registry.alias_version(deployment.model, "champion") == first.version
    # What serves comes first: the pointer was written before the alias.
    assert read_pointer(deployment.pointer).version == second.version

    repaired = reconcile(*deployment.parts)
    assert [fault.projection for fault in repaired] == ["alias"]
    assert (repaired[0].found, repaired[0].expected) == (str(first.version), str(second.version))
    assert deployment.registry.alias_version(deployment.model, "champion") == second.version
    assert read_pointer(deployment.pointer).sequence == 2


def test_a_release_that_crashed_is_finished_by_releasing_again(deployment: "Deployment") -> None:
    identity = deployment.register()
    deployment.pointer.parent.write_text("a file where the folder belongs")
    with pytest.raises(OSError):
        deployment.promote(identity)
    deployment.pointer.parent.unlink()
    release = release_version(*deployment.parts, identity, PROMOTION, expected_sequence=None)
    assert release.sequence == read_pointer(deployment.pointer).sequence == 1
    assert len(deployment.ledger.releases(deployment.model)) == 1
