"""What commands need that must work, and quickly, whatever state Dagster is in."""

from datetime import datetime
from typing import TYPE_CHECKING

from mlops_platform.clock import present
from mlops_platform.settings import settings

if TYPE_CHECKING:
    from mlops_platform.ledger.incident_log import IncidentLog
    from mlops_platform.ledger.ledger import Ledger
    from mlops_platform.registry.registry import Registry


def open_ledger() -> "Ledger":
    """The ledger of this deployment."""
    from mlops_platform.ledger.ledger import Ledger

    return Ledger(settings().ledger_url, clock=present_moment)


def open_incident_log() -> "IncidentLog":
    """Everything that happened in incidents of this deployment."""
    from mlops_platform.ledger.incident_log import IncidentLog

    return IncidentLog(settings().ledger_url)


def present_moment() -> datetime:
    """The moment at which this deployment is."""
    return present(settings().replayed_moment)


def open_registry() -> "Registry":
    """The model registry of this deployment."""
    from mlops_platform.registry.registry import Registry

    return Registry(settings().mlflow_tracking_uri, settings().mlflow_artifacts, settings().home)
