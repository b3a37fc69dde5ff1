"""What a version's windows are compared with decides: it is read under the ledger's digest only."""

from collections.abc import Callable
from pathlib import Path

import pytest

from mlops_platform.artifacts.digests import folder_digest
from mlops_platform.errors import ArtifactError
from mlops_platform.files import write_json
from mlops_platform.ledger.records import NewDecision, Release, VersionIdentity
from mlops_platform.usecases.deployment import Deployment
from mlops_platform.usecases.diagnosis.deep.references import faults_of_references
from mlops_platform.usecases.release.reference import (
    FOLDER,
    load_held_out_scores,
    load_profile,
    load_reference,
    verified_reference,
)
from tests.usecases.diagnosis.typed_cures import require_typeable

PROMOTE = NewDecision(kind="promote", reason="better", actor="gate")


@pytest.fixture
def release(deployment: Deployment, tmp_path: Path) -> Release:
    """A release whose run has logged a reference."""
    folder = tmp_path / "logged"
    write_json(folder / "reference.json", {"test_loss": 0.4})
    write_json(folder / "profile" / "days.json", {"rows": 3})
    with deployment.registry.training_run("churn", "first", {}) as run:
        run.log_directory(FOLDER, folder)
    identity = VersionIdentity(
        version=1,
        run_id=run.run_id,
        digests={"model.skops": "0" * 64},
        schema_hash="s",
        environment_hash="e",
        reference=folder_digest(folder),
    )
    deployment.ledger.release("churn", identity, PROMOTE, expected_sequence=None)
    (written,) = deployment.ledger.releases("churn")
    assert written.identity == identity
    return written


def _stored(deployment: Deployment) -> Path:
    [folder] = deployment.settings.mlflow_artifacts.rglob(FOLDER)
    return folder


def _better_promise(folder: Path) -> None:
    write_json(folder / "reference.json", {"test_loss": 0.1})


def _gone(folder: Path) -> None:
    (folder / "profile" / "days.json").unlink()


def _more(folder: Path) -> None:
    write_json(folder / "held_out_scores.json", {})


@pytest.mark.fault(
    "the reference of a release in MLflow's files is changed: test loss, profile, held-out scores",
    "no verdict and no adjustment rests on it, and `doctor --deep` names the version",
)
@pytest.mark.parametrize("change", [_better_promise, _gone, _more])
def test_a_changed_reference_is_not_read(
    deployment: Deployment,
    release: Release,
    change: Callable[[Path], None],
    observe: Callable[[str], None],
) -> None:
    assert [*faults_of_references(deployment, "churn")] == []
    change(_stored(deployment))
    registry = deployment.registry
    for load in (
        lambda: load_reference(registry, release),
        lambda: load_profile(registry, release),
        lambda: load_held_out_scores(registry, release, None),  # type: ignore[arg-type]
    ):
        with pytest.raises(ArtifactError, match="is not what was released: a file of it was"):
            load()
    [fault] = faults_of_references(deployment, "churn")
    assert (fault.severity, fault.where) == ("error", "churn, reference of version 1")
    require_typeable(fault, Path.cwd())
    observe("`version 1: 'reference' of its run ... is not what was released`; one fault")


def test_the_chain_covers_the_digest_of_the_reference(
    deployment: Deployment, release: Release
) -> None:
    assert deployment.ledger.verify_chain("churn") is None
    [row] = deployment.ledger.release_rows("churn", 1)
    assert release.reference is not None
    assert release.reference in row.columns["digests"]
    assert "reference/" not in release.digests


def test_a_release_of_before_is_read_as_it_is(deployment: Deployment, release: Release) -> None:
    old = release.model_copy(update={"reference": None})
    _better_promise(_stored(deployment))
    with verified_reference(deployment.registry, old) as folder:
        assert (folder / "reference.json").is_file()
