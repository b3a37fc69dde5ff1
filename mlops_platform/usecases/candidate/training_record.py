"""How a version was trained, kept with its run: its part of the YAML of then, and the packages.

With the snapshot and the recipe that the search began with, this is all that a training depends on.
The rest of the YAML is not kept: its keys may be renamed without making a version unreadable.
"""

from __future__ import annotations

import platform
from collections.abc import Iterator, Mapping
from functools import cache
from types import MappingProxyType
from typing import TYPE_CHECKING, Any, Final

from pydantic import ValidationError, field_serializer

from mlops_platform.data.features.kept_projects import installed_versions
from mlops_platform.errors import RegistryError
from mlops_platform.record import Record
from mlops_platform.registry.requirements import PACKAGES
from mlops_platform.spec import ModelSpec

if TYPE_CHECKING:
    from mlops_platform.registry.registry import Registry
    from mlops_platform.registry.training_run import TrainingRun

FOLDER: Final = "training"
FILE: Final = "training.json"
RECORD_TAG: Final = "training_record"
"""Tag of a run that has one."""
_ALSO: Final = ("duckdb", "optuna", "pyarrow", "threadpoolctl")
"""They read the snapshot, search, and decide how sums are split between threads."""
_OF_PACKAGES: Final = frozenset({"sklearn"})
"""Modules of packages among `PACKAGES`: to look them up is to read what all packages installed."""
_KEPT: Final[Mapping[str, Any]] = MappingProxyType(
    {
        **dict.fromkeys(("name", "description", "owners", "window"), True),
        **dict.fromkeys(("task", "features", "label", "training"), True),
        "retraining": {"warm_start_trials": True},
        # No YAML is one without them.
        "card": {"intended_use": True, "out_of_scope": True},
    }
)
_SCIKIT_LEARN: Final = "scikit-learn"
_PYTHON, _MACHINE = "python", "machine"


class TrainingRecord(Record):
    """What a training was made with.

    Args:
        spec: as read, without what a training does not depend on: that has its defaults.
        packages: versions by name, those of the estimators' own packages, of Python, and the kind
            of machine included.
    """

    spec: ModelSpec
    packages: dict[str, str]

    @field_serializer("spec")
    def _kept_part(self, spec: ModelSpec) -> dict[str, Any]:
        return spec.model_dump(mode="json", include=dict(_KEPT))


def training_record(spec: ModelSpec) -> TrainingRecord:
    """What a training of this spec is made with in this process."""
    return TrainingRecord(spec=spec, packages=packages_of(spec))


def packages_of(spec: ModelSpec) -> dict[str, str]:
    """What the fit of a model rests on here, by name."""
    return {
        _PYTHON: platform.python_version(),
        _MACHINE: f"{platform.system()} {platform.machine()}",
        **installed_versions(sorted({*PACKAGES, *_ALSO, *_own_packages(spec)})),
    }


def estimator_packages(spec: ModelSpec) -> list[str]:
    """The packages whose estimators it declares."""
    return [_SCIKIT_LEARN, *sorted(_own_packages(spec))]


def _own_packages(spec: ModelSpec) -> set[str]:
    declared = spec.model_dump(mode="json", include={"task", "training"})
    modules = {path.partition(".")[0] for path in _import_paths(declared)} - _OF_PACKAGES
    return {name for module in modules for name in _distributions().get(module, ())}


def log_training_record(run: TrainingRun, record: TrainingRecord) -> None:
    """Keep it with the run."""
    run.log_text(f"{FOLDER}/{FILE}", record.to_stored())
    run.set_tags({RECORD_TAG: FILE})


def read_training_record(registry: Registry, run_id: str) -> TrainingRecord | None:
    """What a run keeps; None for one from before that was kept.

    Raises:
        RegistryError: it was lost, or this version of the platform knows no such YAML.
    """
    if RECORD_TAG not in registry.run_tags(run_id):
        return None
    try:
        with registry.fetched_directory(run_id, FOLDER) as directory:
            return TrainingRecord.from_stored((directory / FILE).read_bytes())
    except (OSError, ValidationError) as error:
        raise RegistryError(
            f"{FOLDER}/{FILE} of run {run_id} cannot be read: {error}. Restore the artifact store, "
            "or use the version of the platform that trained it (tag git_commit of the run)."
        ) from error


def _import_paths(value: Any) -> Iterator[str]:
    """Whatever a YAML imports: the key `type` of estimators, `function` of metrics."""
    if isinstance(value, dict):
        for key, content in value.items():
            if key in ("type", "function") and isinstance(content, str) and "." in content:
                yield content
            else:
                yield from _import_paths(content)
    elif isinstance(value, list | tuple):
        for content in value:
            yield from _import_paths(content)


@cache
def _distributions() -> dict[str, list[str]]:
    from importlib.metadata import packages_distributions

    return dict(packages_distributions())
