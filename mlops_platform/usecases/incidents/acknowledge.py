"""What people do with incidents: look at them, acknowledge them, declare them over."""

from datetime import datetime

from mlops_platform.errors import LedgerError
from mlops_platform.ledger.incident_log import IncidentLog
from mlops_platform.ledger.records import NewIncidentEvent
from mlops_platform.monitoring.alerting.incident import Acknowledgement, Incident, incidents_of
from mlops_platform.usecases.deployment import Deployment


def incidents_in(log: IncidentLog, model: str) -> dict[str, Incident]:
    """Every incident of a model by its id, oldest first."""
    return incidents_of(log.events(model))


def acknowledge(deployment: Deployment, name: str, reason: str, actor: str) -> Incident:
    """Keep an open incident quiet, because somebody looks after it.

    Args:
        name: id of the incident.

    Raises:
        LedgerError: there is no such incident, or it is over.
    """
    log = deployment.incident_log
    severity = _open_incident(log, name).severity
    now = deployment.moment_of(_model_of(name))
    acknowledgement = Acknowledgement(actor=actor, reason=reason, severity=severity, at=now)
    event = NewIncidentEvent(
        incident=name,
        kind="acknowledged",
        told=reason,
        actor=actor,
        facts={"acknowledgement": acknowledgement.model_dump(mode="json")},
        happened_at=now,
    )
    return _write(log, event)


def resolve(
    deployment: Deployment, name: str, reason: str, actor: str, machine_now: datetime
) -> Incident:
    """Declare an incident over that no check can end, because nobody evaluates it any more.

    What still fails opens it again.

    Args:
        machine_now: by the clock of this machine; looks until then do not open it again.

    Raises:
        LedgerError: as in `acknowledge`.
    """
    log = deployment.incident_log
    _open_incident(log, name)
    event = NewIncidentEvent(
        incident=name,
        kind="resolved",
        told=reason,
        actor=actor,
        facts={"seen_at": machine_now.isoformat()},
        happened_at=deployment.moment_of(_model_of(name)),
    )
    return _write(log, event)


def _open_incident(log: IncidentLog, name: str) -> Incident:
    model = _model_of(name)
    incidents = incidents_in(log, model)
    still_open = [incident.id for incident in incidents.values() if incident.is_open]
    if name not in incidents:
        raise LedgerError(
            f"there is no incident {name!r}. Open ones of {model!r}: {still_open}; "
            "`mlops incidents` lists all."
        )
    if not incidents[name].is_open:
        raise LedgerError(f"incident {name} is over since {incidents[name].resolved_at}.")
    return incidents[name]


def _write(log: IncidentLog, event: NewIncidentEvent) -> Incident:
    model = _model_of(event.incident)
    log.write(model, [event])
    return incidents_in(log, model)[event.incident]


def _model_of(incident: str) -> str:
    return incident.rpartition("-")[0]
