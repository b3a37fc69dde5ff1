"""How far the adjustments of a release have come."""

from __future__ import annotations

from datetime import date, datetime
from zoneinfo import ZoneInfo

from mlops_platform.ledger.ledger import Ledger
from mlops_platform.ledger.records import Release, WrittenAdjustment
from mlops_platform.record import Record
from mlops_platform.spec import ModelSpec
from mlops_platform.tasks import AdaptationRule
from mlops_platform.usecases.ledger.freeze import frozen_by
from mlops_platform.usecases.window.maturity import latest_matured_day


class AdjustmentState(Record):
    """The constants in force, and how old they are.

    Args:
        number: of the adjustment; 0 while the version answers by its own constants.
        constants, facts: of the adjustment; empty at 0.
        labels_through: latest day whose outcomes it knows; None at 0.
        valid_from: None at 0.
        behind_days: days that have matured since, or since the release.
        stale: whether these are more than the YAML allows; never of a frozen model.
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
    """The state at a moment; None where the constants of the model have never changed.

    A model whose YAML has no adaptation any more stays under its last adjustment.
    """
    rule, latest = spec.task.adaptation_rule, ledger.latest_adjustment(spec.name, release.sequence)
    if rule is None and latest is None:
        return None
    zone = ZoneInfo(spec.window.timezone)
    known = latest.labels_through if latest else release.released_at.astimezone(zone).date()
    behind_days = max((latest_matured_day(spec, moment) - known).days, 0)
    is_to_follow = rule is not None and frozen_by(ledger, spec.name) is None
    return AdjustmentState(
        version=release.version,
        release=release.sequence,
        number=latest.number if latest else 0,
        constants=latest.constants if latest else {},
        facts=latest.facts if latest else {},
        labels_through=latest.labels_through if latest else None,
        valid_from=latest.valid_from if latest else None,
        behind_days=behind_days,
        stale=rule is not None and is_to_follow and behind_days > rule.stale_after_days,
        told=_told(rule, latest),
    )


def _told(rule: AdaptationRule | None, latest: WrittenAdjustment | None) -> str:
    if latest is None:
        return "the version's own constants"
    if rule is None:
        return "the YAML has no adaptation any more: it stays in force until the next release"
    return rule.text(latest)
