"""Whether a training goes on from the champion, from what it does, and why it does not.

A version that may be taught more is stored with the model that was judged beside the one that was
released; both are under the digests of the ledger. What an update went on from is kept with its
run, so that it can be made again.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import date
from typing import TYPE_CHECKING, Any, Final

from mlops_platform.artifacts.model_store import load_model
from mlops_platform.data.training_set import TrainingSet, load_training_set
from mlops_platform.errors import DataError, RegistryError, TrainingError
from mlops_platform.ledger.records import FittedValues
from mlops_platform.record import Record
from mlops_platform.spec import ModelSpec
from mlops_platform.training.refusal import unusable
from mlops_platform.training.search.search import Recipe
from mlops_platform.usecases.candidate.training_record import (
    estimator_packages,
    packages_of,
    read_training_record,
)
from mlops_platform.usecases.candidate.training_rows import keys_of_parts, split_rows
from mlops_platform.usecases.candidate.warm_start import read_recipe
from mlops_platform.usecases.deployment import Deployment
from mlops_platform.usecases.version.fitted import fitted_values, pinned_versions

if TYPE_CHECKING:
    from mlops_platform.training.learning_on import Base

JUDGED: Final = "judged"
"""Folder, beside a version's model, of the model that was judged: it has seen no held-out row."""
UPDATE_TAG: Final = "update"
"""Tag of a run that went on from a version: what it went on from, as JSON."""
NO_CHAMPION: Final = "there is no champion to go on from"
ASKED: Final = "that was asked for"
_COMPARED: Final = ("task", "features", "label", "training")
_SEARCHED: Final = "tuning"
"""Of `training`: an update searches nothing, so that the budget may be another one."""


class Update(Record):
    """A version that was taught rows on top of what it knew.

    Args:
        version, run_id, training_set: of what it went on from.
        rows: that the released model was taught, and `judged_rows` the one that was judged.
        first_day, last_day: local days of the first and the last of them.
    """

    version: int
    run_id: str
    training_set: str
    rows: int
    judged_rows: int
    first_day: date
    last_day: date

    @property
    def text(self) -> str:
        """A clause for a person."""
        return (
            f"updated from version {self.version} by {self.rows:,} rows ({self.first_day} to "
            f"{self.last_day}; the judged model by {self.judged_rows:,})"
        )


@dataclass(frozen=True, eq=False)
class UpdateStart:
    """What an update goes on from.

    Args:
        recipe: of the version, and so of the update.
    """

    update: Update
    recipe: Recipe
    base: Base


@dataclass(frozen=True)
class Anew:
    """That a candidate is searched and fitted anew although updates are declared, and why."""

    reason: str

    @property
    def text(self) -> str:
        """A clause for a person."""
        return f"fitted anew, because {self.reason}"


def declared_update(
    deployment: Deployment, spec: ModelSpec, training_set: TrainingSet, *, refit: bool
) -> UpdateStart | Anew | None:
    """What a training on these rows goes on from, or why it fits anew; None if that is declared.

    Args:
        refit: somebody asks that it is fitted anew.

    Raises:
        TrainingError: there is no row that the champion has not learnt.
        RegistryError: the registry has lost a part of the champion.
        ArtifactError: its files are not those that were released.
    """
    if not spec.retraining.learns_on:
        return None
    if refit:
        return Anew(ASKED)
    release = deployment.ledger.current_release(spec.name)
    if release is None:
        return Anew(NO_CHAMPION)
    registry, version = deployment.registry, f"version {release.version}"
    record = read_training_record(registry, release.run_id)
    if record is None:
        return Anew(f"{version} kept no record of its training")
    changed = next(_differences(_recipe_of(record.spec), _recipe_of(spec)), None)
    if changed is not None:
        return Anew(f"`{changed}` is not what it was when {version} was trained")
    now = packages_of(spec)
    for package in estimator_packages(spec):
        before, here = record.packages.get(package), now.get(package)
        if before != here:
            return Anew(f"{version} was fitted with {package} {before}, and {here} is here")
    if not any(name.startswith(f"{JUDGED}/") for name in release.digests):
        return Anew(f"{version} was not stored to be taught more")
    try:
        base, fitted = load_base(deployment, spec, release.version)
    except DataError:
        return Anew(f"the training set of {version} is gone, or was changed")
    split = split_rows(spec, training_set)
    if seen := base.seen_before(split, spec):
        return Anew(f"{version} has learnt {seen:,} of the rows that would judge its update")
    from mlops_platform.training.rows import targets_of

    unteachable = spec.task.unteachable(fitted.constants, targets_of(split.train, spec))
    if unteachable is not None:
        return Anew(unteachable)
    new, judged = base.released.new(split.everything, spec), base.judged.new(split.train, spec)
    if new.empty or judged.empty:
        raise _nothing_new(spec, training_set, release.version, len(new))
    days = new[spec.features.partition]
    update = Update(
        version=release.version,
        run_id=release.run_id,
        training_set=fitted.training_set,
        rows=len(new),
        judged_rows=len(judged),
        first_day=days.min(),
        last_day=days.max(),
    )
    return UpdateStart(update, read_recipe(registry, release.run_id), base)


def load_base(deployment: Deployment, spec: ModelSpec, version: int) -> tuple[Base, FittedValues]:
    """Both models of a version that may be taught more, and what decides beside them.

    Args:
        spec: that it was trained by, as far as a training depends on it.

    Raises:
        RegistryError: there is no such version, or it cannot be taught more.
        ArtifactError: its files are not those that were released.
        DataError: what it was trained on is gone.
    """
    from mlops_platform.training.learning_on import base_of

    pinned = pinned_versions(deployment.ledger, spec.name).get(version)
    with deployment.registry.fetched_version(spec.name, version) as fetched:
        fitted = fitted_values(fetched, pinned)
        digests = fetched.digests if pinned is None else pinned.digests
        judged_digests = _below(digests)
        if not judged_digests:
            raise RegistryError(
                f"version {version} of {spec.name!r} has no '{JUDGED}' beside its model: it was "
                "not stored to be taught more. Train anew: `mlops train --refit`."
            )
        released = load_model(fetched.directory, digests)
        judged = load_model(fetched.directory / JUDGED, judged_digests)
    folder = deployment.settings.training_sets / spec.name / fitted.training_set
    split = keys_of_parts(spec, load_training_set(folder))
    return base_of((judged, released), split, spec), fitted


def read_update(tags: Mapping[str, str]) -> Update | None:
    """What a run went on from, of its tags; None where it fitted anew."""
    return Update.from_stored(tags[UPDATE_TAG]) if UPDATE_TAG in tags else None


def _below(digests: Mapping[str, str]) -> dict[str, str]:
    prefix = f"{JUDGED}/"
    return {
        name.removeprefix(prefix): digest
        for name, digest in digests.items()
        if name.startswith(prefix)
    }


def _nothing_new(
    spec: ModelSpec, training_set: TrainingSet, version: int, new: int
) -> TrainingError:
    lacking = "of them is older than those that validate and test" if new else "is new to it"
    return unusable(
        "retraining.update",
        spec.retraining.update,
        f"Version {version} is taught what is new, and of the {training_set.rows:,} rows whose "
        f"label is known (the last of {training_set.last_local_date}) none {lacking}. Wait for "
        f"more, or fit anew: `mlops train {spec.name} --refit`.",
    )


def _recipe_of(spec: ModelSpec) -> dict[str, Any]:
    """What an update must not change of a YAML."""
    sections = spec.model_dump(mode="json", include=set(_COMPARED))
    sections["training"].pop(_SEARCHED)
    return sections


def _differences(then: Any, now: Any, path: str = "") -> Iterator[str]:
    """Paths at which two plain values differ."""
    if isinstance(then, dict) and isinstance(now, dict):
        for key in dict.fromkeys((*then, *now)):
            yield from _differences(then.get(key), now.get(key), f"{path}.{key}".lstrip("."))
    elif isinstance(then, list) and isinstance(now, list) and len(then) == len(now):
        for position, (before, after) in enumerate(zip(then, now, strict=True)):
            yield from _differences(before, after, f"{path}.{position}")
    elif then != now:
        yield path
