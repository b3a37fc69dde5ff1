from typing import TYPE_CHECKING

import pytest

from mlops_platform.errors import ArtifactError, RegistryError, ReleaseConflict
from mlops_platform.ledger.pointer import read_pointer
from mlops_platform.registry.registry import Registry
from mlops_platform.usecases.release.reconcile import projection_faults, reconcile
from mlops_platform.usecases.release.release import release_version
from tests.registry.fetched import fetched_version

if TYPE_CHECKING:
    from tests.usecases.conftest import Lifecycle


def test_ledger_alias_and_pointer_name_the_released_version(lifecycle: "Lifecycle") -> None:
    identity = lifecycle.register()
    release = release_version(lifecycle.deployment, lifecycle.promotion(identity, None))
    assert release == lifecycle.ledger.current_release(lifecycle.model)
    assert lifecycle.registry.alias_version(lifecycle.model, "champion") == identity.version
    pointer = read_pointer(lifecycle.pointer)
    assert (pointer.sequence, pointer.version) == (1, identity.version)
    assert (pointer.digests, pointer.run_id) == (identity.digests, identity.run_id)
    [decision] = lifecycle.ledger.decisions(lifecycle.model)
    assert decision.evidence == {"margin": 0.01}


def test_releasing_what_is_the_champion_already_changes_nothing(lifecycle: "Lifecycle") -> None:
    identity = lifecycle.register()
    releases = [
        release_version(lifecycle.deployment, lifecycle.promotion(identity, None)) for _ in range(2)
    ]
    assert releases[0] == releases[1]
    assert len(lifecycle.ledger.decisions(lifecycle.model)) == 1


def test_a_lost_race_changes_nothing(lifecycle: "Lifecycle") -> None:
    winner = lifecycle.promote(lifecycle.register())
    with pytest.raises(ReleaseConflict):
        release_version(lifecycle.deployment, lifecycle.promotion(lifecycle.register(), None))
    assert lifecycle.ledger.current_release(lifecycle.model) == winner
    assert projection_faults(*lifecycle.scope) == []


def test_a_version_whose_files_changed_is_not_released(lifecycle: "Lifecycle") -> None:
    identity = lifecycle.register()
    fetched = fetched_version(lifecycle.registry, lifecycle.model, identity.version)
    (fetched.directory / "requirements.txt").write_text("evil==1\n")
    with pytest.raises(ArtifactError, match=r"'requirements\.txt' has SHA-256"):
        lifecycle.promote(identity)
    assert lifecycle.ledger.decisions(lifecycle.model) == []
    assert not lifecycle.pointer.exists()


def test_a_version_that_does_not_exist_is_not_released(lifecycle: "Lifecycle") -> None:
    identity = lifecycle.register().model_copy(update={"version": 9})
    with pytest.raises(RegistryError, match="no version 9"):
        lifecycle.promote(identity)
    assert lifecycle.ledger.decisions(lifecycle.model) == []


class CrashingRegistry(Registry):
    """Dies where the alias would be moved."""

    def set_alias(self, model: str, alias: str, version: int) -> None:
        raise SystemExit


def test_a_crash_between_ledger_and_alias_is_healed(lifecycle: "Lifecycle") -> None:
    first, second = lifecycle.register(), lifecycle.register()
    lifecycle.promote(first)
    crashing = lifecycle.with_registry(CrashingRegistry)
    with pytest.raises(SystemExit):
        release_version(crashing, lifecycle.promotion(second, 1))
    assert lifecycle.ledger.current_release(lifecycle.model).version == second.version
    assert lifecycle.registry.alias_version(lifecycle.model, "champion") == first.version
    # What serves comes first: the pointer was written before the alias.
    assert read_pointer(lifecycle.pointer).version == second.version

    repaired = reconcile(*lifecycle.scope)
    assert [fault.projection for fault in repaired] == ["alias"]
    assert (repaired[0].found, repaired[0].expected) == (str(first.version), str(second.version))
    assert lifecycle.registry.alias_version(lifecycle.model, "champion") == second.version
    assert read_pointer(lifecycle.pointer).sequence == 2


def test_a_release_that_crashed_is_finished_by_releasing_again(lifecycle: "Lifecycle") -> None:
    identity = lifecycle.register()
    lifecycle.pointer.parent.parent.mkdir(parents=True)
    lifecycle.pointer.parent.write_text("a file where the folder belongs")
    with pytest.raises(OSError):
        lifecycle.promote(identity)
    lifecycle.pointer.parent.unlink()
    release = release_version(lifecycle.deployment, lifecycle.promotion(identity, None))
    assert release.sequence == read_pointer(lifecycle.pointer).sequence == 1
    assert len(lifecycle.ledger.releases(lifecycle.model)) == 1
