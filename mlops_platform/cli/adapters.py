"""Ledger and registry for commands that must work, and quickly, whatever state Dagster is in."""

from typing import TYPE_CHECKING

from mlops_platform.clock import present
from mlops_platform.settings import settings

if TYPE_CHECKING:
    from mlops_platform.ledger.ledger import Ledger
    from mlops_platform.registry.registry import Registry


def open_ledger() -> "Ledger":
    """The ledger of this deployment."""
    from mlops_platform.ledger.ledger import Ledger

    current = settings()
    return Ledger(current.ledger_url, clock=lambda: present(current.replayed_moment))


def open_registry() -> "Registry":
    """The model registry of this deployment."""
    from mlops_platform.registry.registry import Registry

    return Registry(settings().mlflow_tracking_uri, settings().mlflow_artifacts)
