"""Between table rows and records."""

import json
from typing import Any

from sqlalchemy import RowMapping, Select, select

from mlops_platform.ledger.records import Activation, Decision, IncidentEvent, Release
from mlops_platform.ledger.tables import decisions, packagings, releases

_LATEST_BENTO = (
    select(packagings.c.bento_tag)
    .where(packagings.c.model == releases.c.model)
    .where(packagings.c.sequence == releases.c.sequence)
    .order_by(packagings.c.id.desc())
    .limit(1)
    .scalar_subquery()
    .label("bento_tag")
)


def releases_of(model: str) -> Select[tuple[Any, ...]]:
    """Releases of a model, each with its decision's kind and its latest Bento."""
    return (
        select(releases, decisions.c.kind, _LATEST_BENTO)
        .join(decisions, releases.c.decision_id == decisions.c.id)
        .where(releases.c.model == model)
    )


def release_from(row: RowMapping) -> Release:
    """Record of a row of `releases_of`."""
    return Release(**{**row, "digests": json.loads(row["digests"])})


def decision_from(row: RowMapping) -> Decision:
    """Record of a row of `decisions`."""
    return Decision(**{**row, "evidence": json.loads(row["evidence"])})


def activation_from(row: RowMapping) -> Activation:
    """Record of a row of `activations`."""
    return Activation(**row)


def incident_event_from(row: RowMapping) -> IncidentEvent:
    """Record of a row of `incident_events`."""
    return IncidentEvent(**{**row, "facts": json.loads(row["facts"])})
