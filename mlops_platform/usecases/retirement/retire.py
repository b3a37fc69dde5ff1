"""Retiring a model: a decision of the ledger, and the end of its open incidents."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from mlops_platform.ledger.records import Decision
from mlops_platform.monitoring.alerting.incident import Incident
from mlops_platform.usecases.deployment import Deployment
from mlops_platform.usecases.incidents.acknowledge import incidents_in, resolve
from mlops_platform.usecases.ledger.retirement import record_retirement


@dataclass(frozen=True)
class Retired:
    """What came of a retirement.

    Args:
        resolved: incidents that were open.
    """

    decision: Decision
    resolved: Sequence[Incident]


def retire(
    deployment: Deployment, model: str, *, reason: str, actor: str, machine_now: datetime
) -> Retired:
    """Retire a model, and resolve its open incidents with the same reason.

    Its releases, predictions, cards and incidents stay. The decision comes first: no sensor opens
    an incident after it.

    Args:
        machine_now: by the clock of this machine.

    Raises:
        LedgerError: it is retired already.
    """
    decision = record_retirement(deployment.ledger, model, reason, actor)
    incidents = incidents_in(deployment.incident_log, model).values()
    return Retired(
        decision,
        [
            resolve(deployment, incident.id, f"{model} is retired: {reason}", actor, machine_now)
            for incident in incidents
            if incident.is_open
        ],
    )
