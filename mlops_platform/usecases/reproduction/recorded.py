"""What is recorded of how a version came to be."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from mlops_platform.artifacts.model_store import load_model
from mlops_platform.data.features.kept_projects import BUILD_PACKAGES
from mlops_platform.data.training_set import TrainingSet, load_training_set
from mlops_platform.errors import RegistryError, SpecError
from mlops_platform.spec import ModelSpec
from mlops_platform.tasks import Constants
from mlops_platform.training.search.search import Recipe
from mlops_platform.usecases.candidate.going_on import read_gone_on
from mlops_platform.usecases.candidate.training_record import (
    TrainingRecord,
    read_training_record,
)
from mlops_platform.usecases.candidate.update import Update, load_base, read_update
from mlops_platform.usecases.candidate.warm_start import START_TAG, read_recipe
from mlops_platform.usecases.deployment import Deployment
from mlops_platform.usecases.version.fitted import fitted_values, pinned_versions

if TYPE_CHECKING:
    from mlops_platform.registry.registry import Registry
    from mlops_platform.registry.versions import FetchedVersion
    from mlops_platform.training.learning_on import Base

GIT_COMMIT: Final = "git_commit"
_REQUIREMENTS: Final = "requirements.txt"


@dataclass(frozen=True, eq=False)
class RecordedVersion:
    """A registered version with everything that its training is repeated from.

    Args:
        spec: as it was at the training; the present one where `record` is None.
        record: None where the version was trained before it was kept.
        packages: versions by name, as far as they are known.
        start: recipe that the search began with, and the run that had found it.
        update: version that it went on from, and `base` its models; None where it was fitted anew.
        recipe: what the search found; None where it was not kept.
        gone_on: constants of the judged candidate that went on from the champion of its time.
    """

    version: int
    run_id: str
    spec: ModelSpec
    record: TrainingRecord | None
    packages: dict[str, str]
    commit: str | None
    training_set: TrainingSet
    start: tuple[str, Recipe] | None
    update: Update | None
    base: Base | None
    recipe: Recipe | None
    model: Any
    constants: Constants
    gone_on: Constants


def recorded_version(
    deployment: Deployment, model: str, version: int, present: ModelSpec | None
) -> RecordedVersion:
    """Load a version and what is recorded of its training.

    Args:
        present: the spec of today, for versions that kept none.

    Raises:
        RegistryError: there is no such version, or the registry has lost a part of it.
        ArtifactError: its files are not those that were registered.
        DataError: its snapshot is gone.
        SpecError: it kept no spec, and no YAML declares the model any more.
    """
    with deployment.registry.fetched_version(model, version) as fetched:
        return _recorded(deployment, fetched, present)


def _recorded(
    deployment: Deployment, fetched: FetchedVersion, present: ModelSpec | None
) -> RecordedVersion:
    registry, model, version = deployment.registry, fetched.model, fetched.version
    record = read_training_record(registry, fetched.run_id)
    spec = record.spec if record else present
    if spec is None:
        raise SpecError(
            "model",
            model,
            f"Version {version} kept no spec, and no YAML declares the model any more: restore "
            "the YAML of its training to reproduce it.",
        )
    pinned = pinned_versions(deployment.ledger, model).get(version)
    fitted = fitted_values(fetched, pinned)
    spec.task.require_kind(fitted.task, f"version {version} of {model}")
    tags = registry.run_tags(fetched.run_id)
    folder = deployment.settings.training_sets / model / fitted.training_set
    start, update = tags.get(START_TAG), read_update(tags)
    return RecordedVersion(
        version=version,
        run_id=fetched.run_id,
        spec=spec,
        record=record,
        packages=record.packages if record else _pinned_packages(fetched.directory),
        commit=fetched.tags.get(GIT_COMMIT),
        training_set=load_training_set(folder),
        start=None if start is None else (start, read_recipe(registry, start)),
        update=update,
        base=None if update is None else load_base(deployment, spec, update.version)[0],
        recipe=(read_recipe if record else _kept_recipe)(registry, fetched.run_id),
        model=load_model(fetched.directory, fetched.digests if pinned is None else pinned.digests),
        constants=fitted.constants,
        gone_on=read_gone_on(tags),
    )


def _kept_recipe(registry: Registry, run_id: str) -> Recipe | None:
    try:
        return read_recipe(registry, run_id)
    except RegistryError:
        # Before searches could begin with one, nobody kept it.
        return None


def _pinned_packages(directory: Path) -> dict[str, str]:
    """The packages that every version has always been pinned to."""
    file = directory / _REQUIREMENTS
    lines = file.read_text(encoding="utf-8").split() if file.is_file() else []
    pins = (line.partition("==") for line in lines)
    return {name: pinned for name, _, pinned in pins if name not in ("mlflow", *BUILD_PACKAGES)}
