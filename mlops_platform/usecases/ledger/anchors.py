"""What stands outside of the ledger of its newest rows: from it shows that the ledger lost some."""

from __future__ import annotations

import json
from contextlib import suppress
from typing import TYPE_CHECKING

from mlops_platform.errors import LedgerError
from mlops_platform.ledger.challenger_pointer import read_challenger_pointer
from mlops_platform.ledger.heads import read_heads
from mlops_platform.ledger.ledger import Ledger
from mlops_platform.ledger.pointer import ReleasePointer, read_pointer
from mlops_platform.ledger.records import ACCEPTANCE, LOST, NewDecision
from mlops_platform.record import Record
from mlops_platform.registry.versions import RELEASE_TAG
from mlops_platform.serving.contents import ANCHOR
from mlops_platform.settings import Settings
from mlops_platform.sqlite_files import database_file

if TYPE_CHECKING:
    from mlops_platform.usecases.deployment import Deployment


class Anchor(Record):
    """A row of the ledger that something outside of it names.

    Args:
        where: what names it, in words.
        row: hash of the row; of a pointer of before it held rows, which release it names.
    """

    where: str
    row: str

    @property
    def told(self) -> str:
        """Both, for a message; of a hash only its beginning."""
        return f"{self.where} ({self.row[:16] if len(self.row) == 64 else self.row})"


def lost_rows(deployment: Deployment, model: str) -> list[Anchor]:
    """Rows that the home and its Bentos name, and the ledger does not know; asks no registry."""
    place = deployment.settings
    anchors = [*_pointers(deployment, model), *_bentos(place, model), *_heads(place, model)]
    return _unknown(deployment.ledger, model, anchors) + _ahead(deployment, model)


def lost_releases(deployment: Deployment, model: str) -> list[Anchor]:
    """Releases that versions in the registry name, and the ledger does not know.

    Raises:
        RegistryError: the registry does not answer.
    """
    anchors = [
        Anchor(where=f"release of version {version.version} in the registry", row=release)
        for version in deployment.registry.versions(model)
        if (release := version.tags.get(RELEASE_TAG)) is not None
    ]
    return _unknown(deployment.ledger, model, anchors)


def require_whole_ledger(deployment: Deployment, model: str) -> None:
    """Refuse to act on a ledger that was changed, or that has lost rows; asks no registry.

    Raises:
        LedgerError: names the row, or what is lost.
    """
    fault = deployment.ledger.verify_chain(model)
    if fault is not None:
        raise LedgerError(
            f"{fault.table} {fault.row} of {model!r}: {fault.problem}. Nothing rests on a ledger "
            "that was changed; restore it from a backup."
        )
    refuse_losses(model, lost_rows(deployment, model))


def refuse_losses(model: str, lost: list[Anchor]) -> None:
    """Refuse to go on where rows are lost.

    Raises:
        LedgerError: names them.
    """
    if lost:
        raise LedgerError(
            f"the ledger has lost rows of {model!r} that are named outside of it: "
            f"{'; '.join(anchor.told for anchor in lost)}. Restore a later backup of the ledger; "
            'or `mlops reconcile --accept-loss --reason "..."` goes on without them.'
        )


def accept_losses(deployment: Deployment, model: str, reason: str, actor: str) -> list[Anchor]:
    """Go on without what is lost, by a decision that names it; returns it.

    Raises:
        RegistryError: the registry does not answer.
    """
    lost = [*lost_rows(deployment, model), *lost_releases(deployment, model)]
    if lost:
        evidence = {LOST: [anchor.model_dump() for anchor in lost]}
        decision = NewDecision(kind=ACCEPTANCE, reason=reason, actor=actor, evidence=evidence)
        deployment.ledger.record_decision(model, decision)
    return lost


def known_somewhere(deployment: Deployment) -> list[str]:
    """Every model that the ledger knows, or that it should: it has a pointer or heads."""
    place = deployment.settings
    return sorted({*_named_outside(place)} | {*deployment.ledger.models_with_rows()})


def lost_by_model(deployment: Deployment) -> dict[str, tuple[str, ...]]:
    """What is lost of every model of which something is, in words; asks no registry."""
    told = {
        model: tuple(anchor.told for anchor in lost_rows(deployment, model))
        for model in known_somewhere(deployment)
    }
    return {model: lost for model, lost in told.items() if lost}


def lost_ledger(deployment: Deployment) -> str | None:
    """That there is no ledger although models have pointers, heads or Bentos of it; else None."""
    named = [] if deployment.ledger.exists() else _named_outside(deployment.settings)
    if not named:
        return None
    return (
        f"the ledger is lost: {database_file(deployment.settings.ledger_url)} is not there, and "
        f"pointers, heads or Bentos name rows of it, of {', '.join(sorted(named))}"
    )


def require_ledger(deployment: Deployment) -> None:
    """Refuse to act where the ledger is lost.

    Raises:
        LedgerError: tells the ways on.
    """
    lost = lost_ledger(deployment)
    if lost is not None:
        raise LedgerError(
            f"{lost}. Put a copy of it back, or restore a backup with "
            "`MLOPS_HOME=/another/folder mlops restore BACKUP`; or `mlops setup` makes an empty "
            'one, and `mlops reconcile --accept-loss --reason "..."` goes on without what is lost.'
        )


def _named_outside(place: Settings) -> set[str]:
    """Models that have a pointer, heads, or a Bento that says of which release it was packed."""
    bentos = (place.bentoml_home / "bentos").glob(f"*/*/src/{ANCHOR}")
    return {file.parents[2].name for file in bentos} | {
        file.parent.name
        for pattern in (place.release_pointer("*"), place.ledger_heads("*"))
        for file in place.home.glob(pattern.relative_to(place.home).as_posix())
    }


def _pointers(deployment: Deployment, model: str) -> list[Anchor]:
    place, anchors = deployment.settings, list[Anchor]()
    for role, path, read in (
        ("champion", place.release_pointer(model), read_pointer),
        ("challenger", place.challenger_pointer(model), read_challenger_pointer),
    ):
        with suppress(LedgerError):
            pointer: ReleasePointer | None = read(path)
            anchors += [
                Anchor(where=f"{row.table} in the pointer of the {role}", row=row.hash)
                for row in (pointer.rows if pointer else ())
                if row.is_whole
            ]
    return anchors


def _bentos(place: Settings, model: str) -> list[Anchor]:
    anchors = []
    for file in sorted((place.bentoml_home / "bentos" / model).glob(f"*/src/{ANCHOR}")):
        with suppress(OSError, ValueError, KeyError, TypeError):
            tag = f"{model}:{file.parent.parent.name}"
            anchors.append(Anchor(where=f"Bento {tag}", row=json.loads(file.read_bytes())["hash"]))
    return anchors


def _ahead(deployment: Deployment, model: str) -> list[Anchor]:
    """What a pointer of before it held rows names, where the ledger has another release."""
    try:
        pointer = read_pointer(deployment.settings.release_pointer(model))
    except LedgerError:
        return []
    if pointer is None or pointer.rows:
        return []
    release = deployment.ledger.current_release(model)
    known = release is not None and (
        pointer.sequence < release.sequence
        or (pointer.sequence, pointer.version) == (release.sequence, release.version)
    )
    if known:
        return []
    named = f"version {pointer.version} as release {pointer.sequence}"
    return [Anchor(where="pointer of the champion", row=named)]


def _heads(place: Settings, model: str) -> list[Anchor]:
    file = place.ledger_heads(model)
    return [
        Anchor(where=f"newest row of {table} by {file.name}", row=row)
        for table, row in read_heads(file).newest.items()
    ]


def _unknown(ledger: Ledger, model: str, anchors: list[Anchor]) -> list[Anchor]:
    lost = ledger.lost_hashes(model, [anchor.row for anchor in anchors])
    return [anchor for anchor in anchors if anchor.row in lost]
