"""Refits a promoted recipe on everything known and registers it as a version."""

from __future__ import annotations

import shutil
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path
from tempfile import TemporaryDirectory

from mlops_platform.artifacts.allow_list import TRUSTED_TYPES
from mlops_platform.artifacts.digests import digest_directory
from mlops_platform.artifacts.model_store import packages_of_model, save_model
from mlops_platform.errors import LedgerError
from mlops_platform.files import new_directory
from mlops_platform.formats.home_path import HomePath
from mlops_platform.ledger.records import FittedValues, VersionIdentity
from mlops_platform.record import Record
from mlops_platform.registry.versions import ROLE_TAG, VERDICT_TAG
from mlops_platform.serving.schema import FeatureSchema
from mlops_platform.spec import ModelSpec
from mlops_platform.usecases.candidate.judge import JudgedCandidate, load_candidate
from mlops_platform.usecases.candidate.train import TrainedCandidate
from mlops_platform.usecases.candidate.training_rows import split_rows
from mlops_platform.usecases.candidate.update import JUDGED, load_base
from mlops_platform.usecases.deployment import Deployment
from mlops_platform.usecases.release.reference import log_reference
from mlops_platform.usecases.release.version_text import version_text
from mlops_platform.usecases.version.deployed import DeployedVersion
from mlops_platform.usecases.version.fitted import pinned_versions, tags_of


class RegisteredCandidate(Record):
    """A version in the registry that nobody has released yet.

    Args:
        identity: the version as the ledger pins it, with every file in the registry.
        directory: the released model alone, and `digests` what `artifacts.save_model` returned.
        constants: what turns the numbers of the model into predictions.
        fitted_through: event time of the last row that the version was fitted on.
    """

    judged: JudgedCandidate
    identity: VersionIdentity
    features: FeatureSchema
    constants: dict[str, float]
    fitted_through: datetime
    directory: HomePath
    digests: dict[str, str]

    def require_standing_as(self, standing: DeployedVersion) -> None:
        """Refuse to document or package one version under the name of another.

        Raises:
            LedgerError: another version than this one stands there.
        """
        if self.identity != standing.identity:
            raise LedgerError(
                f"version {self.identity.version} is not the {standing.role} of "
                f"{standing.model!r} that decision {standing.decision_id} made (version "
                f"{standing.version}). Run the whole job, or materialise registered_version and "
                "champion together with this."
            )


def register_candidate(
    deployment: Deployment, spec: ModelSpec, judged: JudgedCandidate, tags: Mapping[str, str]
) -> RegisteredCandidate:
    """Refit on train, validation and test rows together, or teach them; store, and register.

    Args:
        tags: provenance, such as git commit, dbt manifest and Dagster run.
    """
    from mlops_platform.registry.model_files import ModelDescription
    from mlops_platform.registry.requirements import pinned_requirements
    from mlops_platform.serving.requirements import environment_hash, serving_requirements
    from mlops_platform.serving.schema import describe_features
    from mlops_platform.training.fitting import refit
    from mlops_platform.training.rows import features_of

    candidate = judged.evaluated.candidate
    split = split_rows(spec, candidate.training_set)
    fitted = load_candidate(candidate)
    update = candidate.update
    base = None if update is None else load_base(deployment, spec, update.version)[0]
    released = refit(spec, candidate.recipe, fitted, split, base)
    registry = deployment.registry
    reference = _sealed_reference(deployment, candidate) or log_reference(
        spec, judged.evaluated, fitted, released, split, deployment
    )
    rows = split.everything
    features = describe_features(spec, rows, released.model)
    directory = deployment.settings.model_home(spec.name) / "released" / candidate.run_id
    with new_directory(directory) as temporary:
        save_model(released.model, temporary, spec.training.trusted_types)
    # Two dumps of one model differ: where an interrupted attempt left its files, they are pinned.
    digests = digest_directory(directory)
    packages = packages_of_model(directory)
    values = FittedValues(
        task=spec.task.kind,
        constants=dict(released.constants),
        training_set=candidate.training_set.hash,
        fitted_through=candidate.training_set.last_event_time,
    )
    # Where the judged model is what is released, none is left that has learnt all rows.
    learns_on = spec.retraining.learns_on and released.model is not fitted.model
    with _with_judged(candidate, directory, learns_on=learns_on) as registered:
        version = registry.register_version(
            spec.name,
            candidate.run_id,
            registered,
            digest_directory(registered) if learns_on else digests,
            ModelDescription(
                input_example=features_of(rows, spec).head(5),
                kinds=spec.features.kinds,
                requirements=pinned_requirements(packages),
                trusted_types=TRUSTED_TYPES.union(spec.training.trusted_types),
                predict_method=spec.task.predict_method,
                answers=spec.task.answers_of_model,
            ),
            tags={
                **tags,
                **tags_of(values),
                **_tags(spec, candidate),
                VERDICT_TAG: judged.verdict.outcome,
                ROLE_TAG: "candidate",
            },
        )
    registry.describe_version(spec.name, version.version, version_text(spec, judged))
    return RegisteredCandidate(
        judged=judged,
        identity=VersionIdentity(
            version=version.version,
            run_id=candidate.run_id,
            digests=version.digests,
            schema_hash=features.schema_hash,
            environment_hash=environment_hash(serving_requirements(packages)),
            fitted=values,
            reference=reference,
        ),
        features=features,
        constants=dict(released.constants),
        fitted_through=candidate.training_set.last_event_time,
        directory=directory,
        digests=digests,
    )


def _sealed_reference(deployment: Deployment, candidate: TrainedCandidate) -> str | None:
    """Digest of the reference that was released with a candidate: it is not logged anew."""
    pinned = pinned_versions(deployment.ledger, candidate.training_set.model).values()
    return next((one.reference for one in pinned if one.run_id == candidate.run_id), None)


@contextmanager
def _with_judged(
    candidate: TrainedCandidate, directory: Path, *, learns_on: bool
) -> Iterator[Path]:
    """The released model, with the judged one beside it where updates are to go on from both."""
    if not learns_on:
        yield directory
        return
    with TemporaryDirectory() as temporary:
        both = Path(temporary) / "both"
        shutil.copytree(directory, both)
        shutil.copytree(candidate.directory, both / JUDGED)
        yield both


def _tags(spec: ModelSpec, candidate: TrainedCandidate) -> dict[str, str]:
    """What the registry tells of a version beside what decides."""
    most, update = candidate.recipe.max_rows, candidate.update
    return {
        **({} if update is None else {"updated_from": str(update.version)}),
        **({} if most is None else {"max_rows": str(most)}),
        "recipe": candidate.recipe.candidate,
        "seed": str(spec.training.tuning.seed),
    }
