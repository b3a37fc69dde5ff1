"""Append rows to the chains; every function needs a connection that excludes other writers."""

from collections.abc import Iterable, Sequence
from datetime import datetime, timedelta
from typing import Any, Final

from sqlalchemy import Column, Connection, Table, func, insert, select

from mlops_platform.clock import moment_text
from mlops_platform.errors import LedgerError, ReleaseConflict
from mlops_platform.formats.number import FORMAT
from mlops_platform.formats.row_formats import format_of
from mlops_platform.formats.row_hash import canonical_json, row_hash
from mlops_platform.ledger.chain import GENESIS
from mlops_platform.ledger.records import (
    BentoIdentity,
    FittedValues,
    NewActivation,
    NewAdjustment,
    NewDecision,
    NewIncidentEvent,
    Seen,
    VersionIdentity,
)
from mlops_platform.ledger.tables import (
    activations,
    adjustments,
    decisions,
    incident_events,
    packagings,
    releases,
)

CLOCK_TOLERANCE: Final = timedelta(minutes=5)
"""By how much the clocks of two machines that write to one ledger may differ."""


def append_decision(
    connection: Connection, model: str, decision: NewDecision, moment: datetime
) -> int:
    """Write a decision; return its id."""
    decision_id = _next_id(connection, decisions)
    row = {
        "id": decision_id,
        "model": model,
        **decision.model_dump(exclude={"evidence"}),
        "evidence": canonical_json(decision.evidence),
        "made_at": moment,
    }
    _append(connection, decisions, decisions.c.id, row)
    return decision_id


def append_release(
    connection: Connection,
    model: str,
    identity: VersionIdentity,
    decision: NewDecision,
    expected_sequence: int,
    moment: datetime,
) -> int:
    """Write a decision and the release it causes; return the release's sequence.

    Raises:
        ReleaseConflict: the model is not at `expected_sequence`.
    """
    highest = select(func.coalesce(func.max(releases.c.sequence), 0))
    current = int(connection.scalars(highest.where(releases.c.model == model)).one())
    if current != expected_sequence:
        raise ReleaseConflict(
            f"{model!r} is at release {current}, the decision was made against release "
            f"{expected_sequence}; nothing was written. Judge again against the present champion."
        )
    if decision.kind == "promote":
        _require_time_goes_on(connection, model, moment)
    row = {
        "model": model,
        "sequence": current + 1,
        **identity.model_dump(exclude={"digests", "fitted", "reference"}),
        "digests": canonical_json(identity.sealed_digests),
        **_fitted_columns(identity.fitted),
        "decision_id": append_decision(connection, model, decision, moment),
        "actor": decision.actor,
        "released_at": moment,
    }
    _append(connection, releases, releases.c.sequence, row)
    return current + 1


def _require_time_goes_on(connection: Connection, model: str, moment: datetime) -> None:
    """Refuse to promote by a clock that stands before the present champion's release.

    What served at a moment could not be said any more. A roll back, which may be needed at once,
    is not refused.

    Raises:
        LedgerError: names both moments.
    """
    newest = select(func.max(releases.c.released_at)).where(releases.c.model == model)
    released_at = connection.scalar(newest)
    if released_at is not None and moment < released_at - CLOCK_TOLERANCE:
        raise LedgerError(
            f"the clock says {moment_text(moment)}, and {model!r} released at "
            f"{moment_text(released_at)}: it was set back, or was ahead then. Nothing was written. "
            "Set the clock of this machine, or wait until it is past that moment."
        )


def _fitted_columns(fitted: FittedValues | None) -> dict[str, Any]:
    if fitted is None:
        return dict.fromkeys(FittedValues.model_fields)
    return {**fitted.model_dump(), "constants": canonical_json(fitted.constants)}


def append_packaging(
    connection: Connection,
    model: str,
    sequence: int,
    bento: BentoIdentity,
    actor: str,
    moment: datetime,
) -> None:
    """Write that a Bento was built from a release."""
    row = {
        "id": _next_id(connection, packagings),
        "model": model,
        "sequence": sequence,
        "bento_tag": bento.tag,
        "bento_digest": bento.digest,
        "actor": actor,
        "packaged_at": moment,
    }
    _append(connection, packagings, packagings.c.id, row)


def append_adjustments(
    connection: Connection,
    model: str,
    new: Sequence[NewAdjustment],
    expected_number: int,
    moment: datetime,
) -> None:
    """Write adjustments that follow the one of a number.

    Raises:
        ReleaseConflict: another release serves by now, or it has other adjustments.
    """
    for number, adjustment in enumerate(new, start=expected_number + 1):
        _require_latest_adjustment(connection, model, adjustment.sequence, number - 1)
        row = {
            "id": _next_id(connection, adjustments),
            "model": model,
            "number": number,
            **adjustment.model_dump(),
            "constants": canonical_json(adjustment.constants),
            "facts": canonical_json(adjustment.facts),
            "labels_through": adjustment.labels_through.isoformat(),
            "recorded_at": moment,
        }
        _append(connection, adjustments, adjustments.c.id, row)


def _require_latest_adjustment(
    connection: Connection, model: str, sequence: int, number: int
) -> None:
    newest = select(func.coalesce(func.max(releases.c.sequence), 0))
    current = connection.scalar(newest.where(releases.c.model == model))
    latest = select(func.coalesce(func.max(adjustments.c.number), 0))
    of_release = latest.where(adjustments.c.model == model, adjustments.c.sequence == sequence)
    existing = connection.scalar(of_release)
    if (current, existing) != (sequence, number):
        raise ReleaseConflict(
            f"{model!r} is at release {current}, and release {sequence} at adjustment {existing}; "
            f"this one follows adjustment {number} of release {sequence}, and was not written. "
            "Adjust again what serves now."
        )


def require_newest(connection: Connection, model: str, seen: Iterable[Seen]) -> None:
    """Refuse to write what rests on decisions that are not the newest of their kinds any more.

    Raises:
        ReleaseConflict: names the decision that came after.
    """
    columns = decisions.c
    of_model = select(columns.id, columns.kind, columns.actor, columns.reason).where(
        columns.model == model
    )
    for rests_on in seen:
        of_kinds = of_model.where(columns.kind.in_(rests_on.kinds))
        newest = connection.execute(of_kinds.order_by(columns.id.desc()).limit(1)).first()
        if newest is not None and newest.id != rests_on.id:
            raise ReleaseConflict(
                f"decision {newest.id} about {model!r} ({newest.kind} by {newest.actor}: "
                f"{newest.reason}) came after what this one rests on; nothing was written. Look "
                f"at `mlops status {model}`, and decide again on what stands now."
            )


def append_activation(connection: Connection, model: str, activation: NewActivation) -> int | None:
    """Write what a worker did; return the row's id, or None where it was written before."""
    columns = activations.c
    same_report = (
        select(columns.id)
        .where(columns.model == model, columns.worker == activation.worker)
        .where(columns.event == activation.event, columns.role == activation.role)
        .where(columns.happened_at == activation.happened_at)
    )
    if connection.scalar(same_report) is not None:
        return None
    activation_id = _next_id(connection, activations)
    row = {"id": activation_id, "model": model, **activation.model_dump()}
    _append(connection, activations, activations.c.id, row)
    return activation_id


def append_incident_event(connection: Connection, model: str, event: NewIncidentEvent) -> None:
    """Write an event in the life of an incident."""
    row = {
        "id": _next_id(connection, incident_events),
        "model": model,
        **event.model_dump(exclude={"facts"}),
        "facts": canonical_json(event.facts),
    }
    _append(connection, incident_events, incident_events.c.id, row)


def _append(connection: Connection, table: Table, key: Column[int], row: dict[str, Any]) -> None:
    """Insert a row as the newest of its model's chain.

    Raises:
        FormatError: a newer version of the platform wrote the one before it.
    """
    chain = select(table.c.hash, table.c.format).where(table.c.model == row["model"])
    newest = connection.execute(chain.order_by(key.desc()).limit(1)).mappings().first()
    if newest is not None:
        format_of(table.name, newest["format"])
    previous_hash = GENESIS if newest is None else newest["hash"]
    linked = {**row, "format": FORMAT, "previous_hash": previous_hash}
    connection.execute(insert(table).values(**linked, hash=row_hash(table.name, linked)))


def _next_id(connection: Connection, table: Table) -> int:
    """Numbered here and not by the database, because the row's hash covers its id."""
    return int(connection.scalars(select(func.coalesce(func.max(table.c.id), 0))).one()) + 1
