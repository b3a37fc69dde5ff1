import shutil
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from mlops_platform.errors import ArtifactError, LedgerError, RegistryError
from mlops_platform.files import write_json
from mlops_platform.ledger.pointer import read_pointer
from mlops_platform.registry.registry import Registry
from mlops_platform.serving.contents import DIGESTS, MODEL, bento_folder
from mlops_platform.usecases.release.reconcile import projection_faults, reconcile

if TYPE_CHECKING:
    from tests.usecases.conftest import Deployment


def test_the_previous_champion_serves_again_as_the_next_release(deployment: "Deployment") -> None:
    first, second = deployment.register(), deployment.register()
    earlier = deployment.promote(first)
    deployment.ledger.record_packaging(deployment.model, 1, "flights:a", "bento")
    deployment.promote(second)
    release = deployment.roll_back()
    assert (release.sequence, release.version, release.kind) == (3, first.version, "roll_back")
    assert (release.digests, release.run_id) == (earlier.digests, earlier.run_id)
    assert release.bento_tag == "flights:a"
    decision = deployment.ledger.decisions(deployment.model)[0]
    assert (decision.reason, decision.actor) == ("late rate doubled", "alice")
    assert decision.evidence == {"from_version": second.version, "to_version": first.version}
    assert read_pointer(deployment.pointer).sequence == 3
    (following,) = projection_faults(*deployment.parts)
    assert (following.projection, following.expected) == ("alias", str(first.version))
    reconcile(*deployment.parts)
    assert projection_faults(*deployment.parts) == []
    assert deployment.ledger.verify_chain(deployment.model) is None


def test_rolling_back_again_never_returns_to_what_was_rolled_back(
    deployment: "Deployment",
) -> None:
    versions = [deployment.promote(deployment.register()).version for _ in range(3)]
    assert deployment.roll_back().version == versions[1]
    newer = deployment.promote(deployment.register())
    assert deployment.roll_back().version == versions[1]
    assert deployment.roll_back().version == versions[0]
    with pytest.raises(LedgerError, match="no earlier champion"):
        deployment.roll_back()
    served = [release.version for release in deployment.ledger.releases(deployment.model)]
    assert served == [*versions, versions[1], newer.version, versions[1], versions[0]]


def test_without_an_earlier_champion_nothing_is_rolled_back(deployment: "Deployment") -> None:
    with pytest.raises(LedgerError, match="no earlier champion"):
        deployment.roll_back()
    deployment.promote(deployment.register())
    with pytest.raises(LedgerError, match="no earlier champion"):
        deployment.roll_back()
    assert len(deployment.ledger.decisions(deployment.model)) == 1


def test_a_damaged_or_lost_version_is_not_rolled_back_to(deployment: "Deployment") -> None:
    first = deployment.register()
    deployment.promote(first)
    deployment.promote(deployment.register())
    directory = deployment.registry.fetch_version(deployment.model, first.version).directory
    (directory / "model.skops").write_bytes(b"other")
    with pytest.raises(ArtifactError, match=r"'model\.skops' has SHA-256"):
        deployment.roll_back()
    shutil.rmtree(directory)
    with pytest.raises(RegistryError, match="cannot be fetched"):
        deployment.roll_back()
    assert deployment.ledger.current_release(deployment.model).sequence == 2
    assert len(deployment.ledger.decisions(deployment.model)) == 2


def _pack_first_of_two(deployment: "Deployment") -> Path:
    """Release two versions, the first with a Bento; returns the model's files in it."""
    first, second = deployment.register(), deployment.register()
    deployment.promote(first)
    deployment.ledger.record_packaging(deployment.model, 1, f"{deployment.model}:v1", "bento")
    deployment.promote(second)
    sources = bento_folder(deployment.bentoml_home, f"{deployment.model}:v1") / "src"
    fetched = deployment.registry.fetch_version(deployment.model, first.version).directory
    (sources / MODEL).mkdir(parents=True)
    shutil.copy(fetched / "model.skops", sources / MODEL)
    write_json(sources / DIGESTS, {"model.skops": first.digests["model.skops"]})
    return sources / MODEL


def test_with_a_bento_the_registry_is_not_asked(deployment: "Deployment", tmp_path: Path) -> None:
    _pack_first_of_two(deployment)
    away = Registry("http://127.0.0.1:9", tmp_path / "away")
    release = replace(deployment, registry=away).roll_back()
    assert (release.version, release.bento_tag) == (1, f"{deployment.model}:v1")
    assert read_pointer(deployment.pointer).sequence == 3


def test_a_damaged_bento_is_not_rolled_back_to(deployment: "Deployment") -> None:
    (_pack_first_of_two(deployment) / "model.skops").write_bytes(b"other")
    with pytest.raises(ArtifactError, match=r"'model\.skops' has SHA-256"):
        deployment.roll_back()
    assert deployment.ledger.current_release(deployment.model).sequence == 2


def test_what_was_rolled_back_is_not_promoted_again(deployment: "Deployment") -> None:
    first, second, third = (deployment.register() for _ in range(3))
    deployment.promote(first)
    deployment.promote(second)
    deployment.roll_back()
    with pytest.raises(LedgerError, match=rf"version {second.version} .* rolled back by alice"):
        deployment.promote(second)
    assert len(deployment.ledger.releases(deployment.model)) == 3
    # Another version may follow, and what was rolled back to may serve after it once more.
    assert deployment.promote(third).version == third.version
    assert deployment.roll_back().version == first.version
