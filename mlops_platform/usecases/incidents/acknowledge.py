"""What people do with incidents: look at them, acknowledge them, declare them over."""

from datetime import datetime
from typing import Any

from mlops_platform.errors import LedgerError
from mlops_platform.ledger.incident_log import IncidentLog
from mlops_platform.ledger.records import IncidentEventKind, NewIncidentEvent
from mlops_platform.monitoring.alerting.incident import Acknowledgement, Incident, incidents_of


def incidents_in(log: IncidentLog, model: str) -> dict[str, Incident]:
    """Every incident of a model by its id, oldest first."""
    return incidents_of(log.events(model))


def acknowledge(log: IncidentLog, name: str, reason: str, actor: str, now: datetime) -> Incident:
    """Keep an open incident quiet, because somebody looks after it.

    Args:
        name: id of the incident.
        now: by the clock of the deployment.

    Raises:
        LedgerError: there is no such incident, or it is over.
    """
    severity = _open_incident(log, name).severity
    known = Acknowledgement(actor=actor, reason=reason, severity=severity, at=now)
    facts = {"acknowledgement": known.model_dump(mode="json")}
    return _write(log, name, "acknowledged", reason, actor, facts, now)


def resolve(
    log: IncidentLog, name: str, reason: str, actor: str, now: datetime, machine_now: datetime
) -> Incident:
    """Declare an incident over that no check can end, because nobody evaluates it any more.

    What still fails opens it again.

    Args:
        machine_now: by the clock of this machine; looks until then do not open it again.

    Raises:
        LedgerError: as in `acknowledge`.
    """
    _open_incident(log, name)
    facts = {"seen_at": machine_now.isoformat()}
    return _write(log, name, "resolved", reason, actor, facts, now)


def _open_incident(log: IncidentLog, name: str) -> Incident:
    model = name.rpartition("-")[0]
    incidents = incidents_in(log, model)
    still_open = [one.id for one in incidents.values() if one.is_open]
    if name not in incidents:
        raise LedgerError(
            f"there is no incident {name!r}. Open ones of {model!r}: {still_open}; "
            "`mlops incidents` lists all."
        )
    if not incidents[name].is_open:
        raise LedgerError(f"incident {name} is over since {incidents[name].resolved_at}.")
    return incidents[name]


def _write(
    log: IncidentLog,
    name: str,
    kind: IncidentEventKind,
    reason: str,
    actor: str,
    facts: dict[str, Any],
    now: datetime,
) -> Incident:
    model = name.rpartition("-")[0]
    event = NewIncidentEvent(
        incident=name, kind=kind, told=reason, actor=actor, facts=facts, happened_at=now
    )
    log.write(model, [event])
    return incidents_in(log, model)[name]
