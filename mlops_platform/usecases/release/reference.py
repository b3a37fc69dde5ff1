"""What a version's windows are compared with, stored with the version."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, Final

from mlops_platform.artifacts.digests import folder_digest
from mlops_platform.data.engine import private_duckdb
from mlops_platform.errors import ArtifactError
from mlops_platform.ledger.records import Release, VersionIdentity
from mlops_platform.monitoring.drift.profile.profile import Profile
from mlops_platform.monitoring.drift.profile.stored import read_profile, write_profile
from mlops_platform.monitoring.drift.profile.texts import known_to_reference, with_derived
from mlops_platform.monitoring.reference import (
    Reference,
    VersionReference,
    read_reference,
    sample,
    write_reference,
)
from mlops_platform.spec import ModelSpec
from mlops_platform.usecases.deployment import Deployment
from mlops_platform.usecases.release.held_out_scores import (
    HeldOutScores,
    read_held_out_scores,
    write_held_out_scores,
)
from mlops_platform.usecases.release.reference_profile import profile_reference

if TYPE_CHECKING:
    import pyarrow as pa
    from pandas import DataFrame

    from mlops_platform.data.training_set import TrainingSet
    from mlops_platform.registry.registry import Registry
    from mlops_platform.tasks import AdaptationRule, Finished
    from mlops_platform.training.judging.evaluation import Evaluation
    from mlops_platform.training.split import Split
    from mlops_platform.usecases.candidate.judge import EvaluatedCandidate

FOLDER: Final = "reference"
MOST_HELD_OUT_ROWS: Final = 10_000


def log_reference(
    spec: ModelSpec,
    evaluated: EvaluatedCandidate,
    judged: Finished,
    released: Finished,
    split: Split,
    deployment: Deployment,
) -> str:
    """Log to the version's run: its test figures, held-out rows, and the profile; their digest.

    Where its constants are to follow the outcomes, also the scores that they begin with.

    Args:
        judged: the candidate by which the verdict was found.
        released: the refit, which has seen all rows.
    """
    training_set, published_root = evaluated.candidate.training_set, deployment.settings.published
    profile = profile_reference(spec, training_set, published_root, judged, released, split)
    with_baseline = replace(judged, baseline=released.baseline)
    reference = version_reference(spec, training_set, evaluated.evaluation, with_baseline, split)
    held_out = _without_texts(reference.held_out, profile)
    run_id = evaluated.candidate.run_id
    with TemporaryDirectory() as temporary, deployment.registry.resume_run(run_id) as run:
        write_profile(Path(temporary), profile)
        write_reference(Path(temporary), reference.figures, held_out)
        write_held_out_scores(spec, judged, split, training_set, Path(temporary))
        run.log_directory(FOLDER, Path(temporary))
        return folder_digest(Path(temporary))


def version_reference(
    spec: ModelSpec,
    training_set: TrainingSet,
    evaluation: Evaluation,
    fitted: Finished,
    split: Split,
) -> VersionReference:
    """What the windows of a version are compared with, before it is stored.

    Args:
        fitted: the judged candidate, with the baseline of what is released.
    """
    import pyarrow as pa

    scored = _scored(spec, fitted, split.test)
    held_out = sample(
        pa.Table.from_pandas(scored, preserve_index=False),
        spec.features.entity,
        MOST_HELD_OUT_ROWS,
    )
    figures = Reference(
        model=spec.name,
        rows=training_set.rows,
        metrics=evaluation.metrics,
        baseline=dict(fitted.baseline),
        loss=spec.task.loss,
        test_loss=evaluation.loss,
        test_baseline_loss=evaluation.baseline_loss,
        held_out_rows=held_out.num_rows,
        importances={importance.feature: importance.mean for importance in evaluation.importances},
        weight=spec.features.weight,
        seen_until=None if spec.features.has_event_time else training_set.as_of,
    )
    return VersionReference(figures, held_out)


def load_reference(registry: Registry, release: Release) -> VersionReference:
    """The figures of a released version and its held-out rows with their predictions.

    Raises:
        ArtifactError: they are not those that were released.
    """
    with verified_reference(registry, release) as directory:
        return read_reference(directory)


def load_profile(registry: Registry, release: Release) -> Profile:
    """What the windows of a released version are counted in and compared with.

    Raises:
        ArtifactError: it is not what was released.
    """
    with verified_reference(registry, release) as directory:
        return read_profile(directory)


def load_held_out_scores(
    registry: Registry, release: Release, rule: AdaptationRule
) -> HeldOutScores | None:
    """What adjustments of a released version begin with; None where it was trained for none.

    Raises:
        ArtifactError: it is not what was released.
    """
    with verified_reference(registry, release) as directory:
        return read_held_out_scores(directory, rule)


@contextmanager
def verified_reference(registry: Registry, release: VersionIdentity) -> Iterator[Path]:
    """The folder that a version is compared with, under the digest that the ledger has of it.

    Of a version that was registered before the ledger kept one it is taken as it is.

    Raises:
        ArtifactError: a file of it was changed, or is gone.
        RegistryError: the registry does not answer, or has no such folder.
    """
    with registry.fetched_directory(release.run_id, FOLDER) as directory:
        if release.reference is not None and folder_digest(directory) != release.reference:
            raise ArtifactError(
                f"version {release.version}: '{FOLDER}' of its run {release.run_id}, which its "
                "windows are compared with, is not what was released: a file of it was changed. "
                "Restore MLflow's files from a backup, or train another version."
            )
        yield directory


def _scored(spec: ModelSpec, fitted: Finished, rows: DataFrame) -> DataFrame:
    from mlops_platform.training.rows import features_of

    predictions = spec.task.predict(fitted.model, fitted.constants, features_of(rows, spec))
    return rows.assign(**predictions.columns)


def _without_texts(rows: pa.Table, profile: Profile) -> pa.Table:
    """Texts may be long, and are nobody's business on a page: what is derived of them is shown."""
    with private_duckdb() as connection:
        return with_derived(connection, rows, known_to_reference(profile.bins.vocabularies))
