"""How far the adjustments of a release have come."""

from __future__ import annotations

from datetime import date, datetime
from zoneinfo import ZoneInfo

from mlops_platform.ledger.ledger import Ledger
from mlops_platform.ledger.records import Release
from mlops_platform.record import Record
from mlops_platform.spec import ModelSpec
from mlops_platform.usecases.window.maturity import latest_matured_day


class AdjustmentState(Record):
    """The constants in force, and how old they are.

    Args:
        number: of the adjustment; 0 while the version answers by its own constants.
        constants, facts: of the adjustment; empty at 0.
        labels_through: latest day whose outcomes it knows; None at 0.
        valid_from: None at 0.
        behind_days: days that have matured since, or since the release.
        stale: whether these are more than the YAML allows.
        told: the adjustment in words.
    """

    version: int
    release: int
    number: int
    constants: dict[str, float]
    facts: dict[str, float]
    labels_through: date | None
    valid_from: datetime | None
    behind_days: int
    stale: bool
    told: str


def adjustment_state(
    ledger: Ledger, spec: ModelSpec, release: Release, moment: datetime
) -> AdjustmentState | None:
    """The state at a moment; None where the constants of the model never change."""
    rule = spec.task.adaptation_rule
    if rule is None:
        return None
    latest = ledger.latest_adjustment(spec.name, release.sequence)
    matured = latest_matured_day(spec, moment)
    if latest is None:
        zone = ZoneInfo(spec.window.timezone)
        known, told = release.released_at.astimezone(zone).date(), "the version's own constants"
    else:
        known, told = latest.labels_through, rule.text(latest)
    behind_days = max((matured - known).days, 0)
    return AdjustmentState(
        version=release.version,
        release=release.sequence,
        number=latest.number if latest else 0,
        constants=latest.constants if latest else {},
        facts=latest.facts if latest else {},
        labels_through=latest.labels_through if latest else None,
        valid_from=latest.valid_from if latest else None,
        behind_days=behind_days,
        stale=behind_days > rule.stale_after_days,
        told=told,
    )
