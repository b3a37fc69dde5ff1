"""Keep what follows the ledger in line with it: MLflow's aliases and the pointers."""

import json
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final, Literal

from mlops_platform.errors import LedgerError, RegistryError
from mlops_platform.ledger.challenger import Challenger, packaging_of, standing_challenger
from mlops_platform.ledger.challenger_pointer import (
    ChallengerPointer,
    read_challenger_pointer,
)
from mlops_platform.ledger.heads import heads_problem, write_heads
from mlops_platform.ledger.ledger import Ledger
from mlops_platform.ledger.pointer import ReleasePointer, read_pointer, write_pointer
from mlops_platform.ledger.records import Release
from mlops_platform.record import Record
from mlops_platform.registry.registry import Registry
from mlops_platform.registry.versions import RELEASE_TAG, ROLE_TAG
from mlops_platform.usecases.deployment import Deployment
from mlops_platform.usecases.ledger.anchors import (
    lost_releases,
    lost_rows,
    refuse_losses,
    require_whole_ledger,
)
from mlops_platform.usecases.release.signing import sign_bento, signed
from mlops_platform.usecases.version.fitted import pinned_versions, tags_of

Projection = Literal["alias", "pointer", "tag", "heads"]
Role = Literal["champion", "challenger"]
VersionRole = Literal["champion", "challenger", "former", "candidate"]
_ROUNDS: Final = 10
_ROWS: Final = ("rows", "signature")
"""Of a pointer: they say once more what stands beside them."""


class ProjectionFault(Record):
    """A projection that says something else than the ledger; None is "nothing".

    Attributes:
        tag: of one that is a tag: its name and its version.
    """

    projection: Projection
    role: Role = "champion"
    tag: str | None = None
    found: str | None
    expected: str | None

    @property
    def where(self) -> str:
        """What says it."""
        if self.projection == "heads":
            return "newest rows by ledger_heads.json"
        return self.tag or f"{self.projection} of the {self.role}"

    @property
    def told(self) -> str:
        """What is where, in words; of a pointer only what differs."""
        if self.tag is not None:
            return f"{self.where}: {self.found or 'nothing'}, the ledger says {self.expected}"
        found, expected = _fields(self.found), _fields(self.expected)
        if found is None or expected is None:
            return f"{self.where}: {_short(self.found)}, the ledger says {_short(self.expected)}"
        differing = [
            f"{name} {found.get(name, 'none')}, the ledger says {expected.get(name, 'none')}"
            for name in dict.fromkeys([*expected, *found])
            if found.get(name) != expected.get(name) and name not in _ROWS
        ] or ["other rows of the ledger, or not signed by this deployment"]
        return f"{self.where}: {'; '.join(differing)}"


def _fields(projected: str | None) -> dict[str, Any] | None:
    """The fields of a pointer, nested ones by their path; None of anything else."""
    try:
        pointer = json.loads(projected or "")
    except ValueError:
        return None
    return dict(_flat("", pointer)) if isinstance(pointer, dict) else None


def _flat(prefix: str, fields: dict[str, Any]) -> Iterator[tuple[str, Any]]:
    for name, value in fields.items():
        if isinstance(value, dict):
            yield from _flat(f"{prefix}{name}.", value)
        else:
            yield f"{prefix}{name}", value


def _short(projected: str | None) -> str:
    fields = _fields(projected)
    if fields is not None:
        return f"version {fields['version']} as release {fields['sequence']}"
    return projected or "nothing"


@dataclass(frozen=True)
class _Projections:
    """Where one role is projected to, and what the ledger wants there."""

    role: Role
    expected: ReleasePointer | None
    path: Path
    read: Callable[[Path], ReleasePointer | None]

    def pointer_faults(self) -> list[ProjectionFault]:
        expected = None if self.expected is None else self.expected.model_dump_json()
        return self._difference("pointer", self._pointed(), expected)

    def alias_faults(self, registry: Registry, model: str) -> list[ProjectionFault]:
        alias = registry.alias_version(model, self.role)
        version = None if alias is None else str(alias)
        expected = None if self.expected is None else str(self.expected.version)
        return self._difference("alias", version, expected)

    def write_alias(self, registry: Registry, model: str) -> None:
        if self.expected is None:
            registry.delete_alias(model, self.role)
        else:
            registry.set_alias(model, self.role, self.expected.version)

    def write_pointer(self) -> None:
        if self.expected is None:
            self.path.unlink(missing_ok=True)
        else:
            write_pointer(self.path, self.expected)

    def _difference(
        self, projection: Projection, actual: str | None, expected: str | None
    ) -> list[ProjectionFault]:
        if actual == expected:
            return []
        fault = ProjectionFault(
            projection=projection, role=self.role, found=actual, expected=expected
        )
        return [fault]

    def _pointed(self) -> str | None:
        try:
            pointer = self.read(self.path)
        except LedgerError:
            return "unreadable"
        return None if pointer is None else pointer.model_dump_json()


def projection_faults(deployment: Deployment, model: str) -> list[ProjectionFault]:
    """Compare the projections with the ledger, changing nothing."""
    registry = deployment.registry
    roles = [
        fault
        for role in _projections(deployment, model)
        for fault in (*role.pointer_faults(), *role.alias_faults(registry, model))
    ]
    tags = [stray.fault for stray in _stray_tags(deployment, model)]
    return roles + tags + _heads_faults(deployment, model)


def reconcile(deployment: Deployment, model: str) -> list[ProjectionFault]:
    """Rebuild the projections from the ledger; return the faults that were repaired.

    The pointers come first: services follow them, whatever state the registry is in. The tags with
    the role and the release of each version are for readers of the registry only, and no fault
    where they are not set. Tags that repeat what decides about a version decide nothing.

    A ledger that has lost rows which something outside of it names is not believed: nothing is
    projected from it until `accept_losses` has said that it goes on without them.

    The ledger is read again after every repair: where another process releases meanwhile, the
    last one to write a projection is also the one that finds and repairs its own stale write.

    Raises:
        LedgerError: the ledger was changed, or has lost rows; nothing was changed.
        RegistryError: a projection does not keep what is written to it.
    """
    registry, repaired = deployment.registry, list[ProjectionFault]()
    require_whole_ledger(deployment, model)
    refuse_losses(model, lost_releases(deployment, model))
    for _ in range(_ROUNDS):
        faults = point_services(deployment, model)
        for role in _projections(deployment, model):
            if strayed := role.alias_faults(registry, model):
                role.write_alias(registry, model)
                faults += strayed
        for stray in _stray_tags(deployment, model):
            registry.tag_version(model, stray.version, stray.tag, stray.expected)
            faults.append(stray.fault)
        if strayed := _heads_faults(deployment, model):
            write_heads(deployment.settings.ledger_heads(model), deployment.ledger, model)
            faults += strayed
        if not faults and not _tag_roles(deployment, model):
            return repaired
        repaired += faults
    raise RegistryError(
        f"projections of {model!r} still differ from the ledger after {_ROUNDS} repairs: {faults}. "
        "Look for another writer of the alias or of the pointer."
    )


@dataclass(frozen=True)
class _StrayTag:
    """A tag that says something else than the ledger about what decides."""

    version: int
    tag: str
    found: str | None
    expected: str

    @property
    def fault(self) -> ProjectionFault:
        return ProjectionFault(
            projection="tag",
            tag=f"tag {self.tag} of version {self.version}",
            found=self.found,
            expected=self.expected,
        )


def _stray_tags(deployment: Deployment, model: str) -> list[_StrayTag]:
    pinned = pinned_versions(deployment.ledger, model)
    return [
        _StrayTag(registered.version, tag, registered.tags.get(tag), expected)
        for registered in deployment.registry.versions(model)
        if (identity := pinned.get(registered.version)) is not None and identity.fitted is not None
        for tag, expected in tags_of(identity.fitted).items()
        if registered.tags.get(tag) != expected
    ]


def _heads_faults(deployment: Deployment, model: str) -> list[ProjectionFault]:
    """That what shows a loss of rows is not what the ledger says; asked where none is lost."""
    problem = heads_problem(deployment.settings.ledger_heads(model), deployment.ledger, model)
    if problem is None:
        return []
    return [ProjectionFault(projection="heads", found=problem, expected="its newest rows")]


def _tag_roles(deployment: Deployment, model: str) -> bool:
    """Tag every version with what it is by the ledger; returns whether any tag was another."""
    registry, ledger = deployment.registry, deployment.ledger
    challenger = standing_challenger(ledger, model)
    on_trial = None if challenger is None else challenger.version
    releases = ledger.releases(model)
    roles = version_roles(releases, on_trial)
    hashes = {release.version: release.hash for release in releases}
    changed = False
    for version in registry.versions(model):
        wanted: dict[str, str] = {ROLE_TAG: roles.get(version.version, "candidate")}
        if version.version in hashes:
            wanted[RELEASE_TAG] = hashes[version.version]
        for tag, value in wanted.items():
            if version.tags.get(tag) != value:
                registry.tag_version(model, version.version, tag, value)
                changed = True
    return changed


def version_roles(releases: Sequence[Release], challenger: int | None) -> dict[int, VersionRole]:
    """What versions are; one that was never released, and is on no trial, is a candidate.

    Args:
        releases: of a model, oldest first.
        challenger: version that stands beside the champion.
    """
    roles: dict[int, VersionRole] = {release.version: "former" for release in releases}
    if challenger is not None:
        roles[challenger] = "challenger"
    if releases:
        roles[releases[-1].version] = "champion"
    return roles


def point_services(deployment: Deployment, model: str) -> list[ProjectionFault]:
    """Rebuild the pointers alone, which running services follow; asks no registry.

    Raises:
        LedgerError: the ledger has lost rows; nothing was changed.
        ArtifactError: what is to serve cannot be signed.
    """
    refuse_losses(model, lost_rows(deployment, model))
    repaired: list[ProjectionFault] = []
    for role in _projections(deployment, model):
        if role.expected is not None:
            sign_bento(role.expected.bento, deployment.settings)
        if faults := role.pointer_faults():
            role.write_pointer()
            repaired += faults
    return repaired


def _projections(deployment: Deployment, model: str) -> Sequence[_Projections]:
    """The champion's come first: what is promoted serves before it leaves its trial."""
    ledger = deployment.ledger
    release, challenger = ledger.current_release(model), standing_challenger(ledger, model)
    tried = challenger if challenger is not None and challenger.is_tried else None
    place = deployment.settings
    return (
        _Projections(
            "champion",
            None if release is None else signed(_pointer_to(release, ledger), place),
            place.release_pointer(model),
            read_pointer,
        ),
        _Projections(
            "challenger",
            None if tried is None else signed(_pointer_to_challenger(tried, ledger), place),
            place.challenger_pointer(model),
            read_challenger_pointer,
        ),
    )


def _pointer_to(release: Release, ledger: Ledger) -> ReleasePointer:
    """The pointer to a release under its newest adjustment."""
    scope = release.model, release.sequence
    rows = ledger.release_rows(*scope)
    return ReleasePointer.of(release, ledger.latest_adjustment(*scope), rows)


def _pointer_to_challenger(challenger: Challenger, ledger: Ledger) -> ChallengerPointer:
    packaging = packaging_of(ledger, challenger.model, challenger.challenge)
    ids = [challenger.challenge, *([] if packaging is None else [packaging.id])]
    return ChallengerPointer.to(challenger, ledger.decision_rows(ids))
