"""Between table rows and records."""

import json
from typing import Any

from sqlalchemy import Column, Label, RowMapping, Select, Table, select

from mlops_platform.formats.row_formats import format_of
from mlops_platform.ledger.records import (
    Activation,
    Decision,
    FittedValues,
    IncidentEvent,
    Release,
    WrittenAdjustment,
    told_digests,
)
from mlops_platform.ledger.tables import (
    activations,
    adjustments,
    decisions,
    incident_events,
    packagings,
    releases,
)


def releases_of(model: str) -> Select[tuple[Any, ...]]:
    """Releases of a model, each with its decision's kind and its latest Bento."""
    return (
        select(
            releases,
            decisions.c.kind,
            decisions.c.format.label("decisions_format"),
            _of_the_latest_packaging(packagings.c.bento_tag, "bento_tag"),
            _of_the_latest_packaging(packagings.c.bento_digest, "bento_digest"),
            _of_the_latest_packaging(packagings.c.format, "packagings_format"),
        )
        .join(decisions, releases.c.decision_id == decisions.c.id)
        .where(releases.c.model == model)
    )


def adjustments_of(model: str, sequence: int) -> Select[tuple[Any, ...]]:
    """Adjustments of a release."""
    of_release = adjustments.c.model == model, adjustments.c.sequence == sequence
    return select(adjustments).where(*of_release)


def release_from(row: RowMapping) -> Release:
    """Record of a row of `releases_of`.

    Raises:
        FormatError: a newer version of the platform wrote a part of it.
    """
    content = _content(releases, row)
    for table in (decisions, packagings):
        format_of(table.name, content.pop(f"{table.name}_format"))
    fitted = {name: content.pop(name) for name in FittedValues.model_fields}
    if fitted["constants"] is not None:
        fitted["constants"] = json.loads(fitted["constants"])
        content["fitted"] = fitted
    return Release(**{**content, **told_digests(json.loads(row["digests"]))})


def decision_from(row: RowMapping) -> Decision:
    """Record of a row of `decisions`.

    Raises:
        FormatError: a newer version of the platform wrote it.
    """
    return Decision(**{**_content(decisions, row), "evidence": json.loads(row["evidence"])})


def adjustment_from(row: RowMapping) -> WrittenAdjustment:
    """Record of a row of `adjustments`.

    Raises:
        FormatError: a newer version of the platform wrote it.
    """
    content = _content(adjustments, row)
    stored = {name: json.loads(content[name]) for name in ("constants", "facts")}
    return WrittenAdjustment(**{**content, **stored})


def activation_from(row: RowMapping) -> Activation:
    """Record of a row of `activations`.

    Raises:
        FormatError: a newer version of the platform wrote it.
    """
    return Activation(**_content(activations, row))


def incident_event_from(row: RowMapping) -> IncidentEvent:
    """Record of a row of `incident_events`.

    Raises:
        FormatError: a newer version of the platform wrote it.
    """
    return IncidentEvent(**{**_content(incident_events, row), "facts": json.loads(row["facts"])})


def _content(table: Table, row: RowMapping) -> dict[str, Any]:
    content = dict(row)
    row_format = format_of(table.name, content.pop("format"))
    return {**content, "row_format": row_format}


def _of_the_latest_packaging(column: Column[Any], name: str) -> Label[Any]:
    return (
        select(column)
        .where(packagings.c.model == releases.c.model)
        .where(packagings.c.sequence == releases.c.sequence)
        .order_by(packagings.c.id.desc())
        .limit(1)
        .scalar_subquery()
        .label(name)
    )
