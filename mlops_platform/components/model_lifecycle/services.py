"""The adapters that asset bodies call, made from the settings of this process."""

from datetime import datetime
from typing import Any

import dagster as dg

from mlops_platform.clock import present
from mlops_platform.ledger.incident_log import IncidentLog
from mlops_platform.ledger.ledger import Ledger
from mlops_platform.registry.registry import Registry
from mlops_platform.settings import PROJECT_ROOT, settings
from mlops_platform.spec import ModelSpec
from mlops_platform.usecases.candidate.provenance import provenance


def asset_arguments(spec: ModelSpec, name: str, description: str, *kinds: str) -> dict[str, Any]:
    """What every asset of a model has in common: its key, group, owners, kinds."""
    return {
        "key": [spec.name, name],
        "group_name": spec.name,
        "owners": list(spec.owners),
        "kinds": set(kinds),
        "description": description,
    }


def upstream(spec: ModelSpec, name: str) -> dg.AssetIn:
    """The Record of another asset of the same model."""
    return dg.AssetIn(key=[spec.name, name])


def open_ledger() -> Ledger:
    """The ledger of this deployment."""
    return Ledger(settings().ledger_url, clock=present_moment)


def open_incident_log() -> IncidentLog:
    """Everything that happened in incidents of this deployment."""
    return IncidentLog(settings().ledger_url)


def present_moment() -> datetime:
    """The moment at which this deployment is: the machine's, or that of a replay of history."""
    return present(settings().replayed_moment)


def open_registry() -> Registry:
    """The model registry of this deployment."""
    return Registry(settings().mlflow_tracking_uri, settings().mlflow_artifacts, settings().home)


def provenance_of(context: dg.AssetExecutionContext) -> dict[str, str]:
    """Code, data definitions and run behind what this step makes."""
    return provenance(PROJECT_ROOT, context.run_id)


AUTOMATIONS = ("dagster/sensor_name", "dagster/schedule_name")


def actor_of(context: dg.AssetExecutionContext) -> str:
    """Who acts: the person or automation that Dagster names, else the run itself."""
    for tag in ("user", *AUTOMATIONS):
        if tag in context.run.tags:
            return context.run.tags[tag]
    return f"dagster run {context.run_id[:8]}"


def is_automatic(context: dg.AssetExecutionContext) -> bool:
    """Whether a sensor or a schedule started this run, and no person."""
    return any(tag in context.run.tags for tag in AUTOMATIONS)
