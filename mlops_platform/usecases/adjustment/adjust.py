"""Adjust what serves: one record of the ledger for every day whose outcomes have matured."""

from __future__ import annotations

from contextlib import suppress
from datetime import datetime
from typing import Final

from mlops_platform.errors import LedgerError, ReleaseConflict
from mlops_platform.ledger.records import NewAdjustment, Release
from mlops_platform.record import Record
from mlops_platform.spec import ModelSpec
from mlops_platform.tasks import AdaptationRule, Adjustment, ScoredDay
from mlops_platform.usecases.adjustment.following import Following
from mlops_platform.usecases.adjustment.matured_days import matured_days, scored_days
from mlops_platform.usecases.adjustment.state import AdjustmentState, adjustment_state
from mlops_platform.usecases.deployment import Deployment
from mlops_platform.usecases.ledger.freeze import freeze_text, frozen_by
from mlops_platform.usecases.release.reconcile import point_services
from mlops_platform.usecases.release.reference import load_held_out_scores
from mlops_platform.usecases.version.champion import Champion, load_champion

_ROUNDS: Final = 3


class AdjustedRelease(Record):
    """What adjusting came to.

    Args:
        recorded: adjustments that were written.
        reason: why none may be, or ever can, where that is so.
    """

    state: AdjustmentState
    recorded: int
    reason: str | None = None


def adjust_release(
    deployment: Deployment,
    spec: ModelSpec,
    rule: AdaptationRule,
    actor: str,
    *,
    automatic: bool,
) -> AdjustedRelease:
    """Record an adjustment for every day that has matured since the last one, and point to it.

    It is valid from the moment at which its day matured, whenever it is recorded: by what a window
    is scored does not depend on when somebody looked.

    Args:
        automatic: no person asks for it, so that a frozen model stays as it is.

    Raises:
        LedgerError: nothing was released yet.
        ReleaseConflict: others release or adjust again and again meanwhile.
    """
    frozen = frozen_by(deployment.ledger, spec.name) if automatic else None
    if frozen is not None:
        return _result(deployment, spec, 0, f"frozen {freeze_text(frozen)}")
    for _ in range(_ROUNDS - 1):
        with suppress(ReleaseConflict):
            return _adjusted(deployment, spec, rule, actor)
    return _adjusted(deployment, spec, rule, actor)


def _adjusted(
    deployment: Deployment, spec: ModelSpec, rule: AdaptationRule, actor: str
) -> AdjustedRelease:
    champion = load_champion(deployment, spec.name)
    if champion is None:
        raise _nothing_released(spec)
    release, ledger = champion.release, deployment.ledger
    held_out = load_held_out_scores(deployment.registry, release)
    if held_out is None:
        return _result(
            deployment,
            spec,
            0,
            f"version {release.version} was trained before its task had an adaptation, and kept no "
            "scores of unseen rows: adjustments begin with the next version",
        )
    written = ledger.adjustments(spec.name, release.sequence)
    following = Following(spec, rule, release, held_out, written)
    scored = _scored(deployment, spec, champion, following)
    new = [_record(release, actor, *step) for step in following.steps(scored)]
    ledger.record_adjustments(spec.name, new, after=len(written))
    point_services(deployment, spec.name)
    return _result(deployment, spec, len(new))


def _scored(
    deployment: Deployment, spec: ModelSpec, champion: Champion, following: Following
) -> list[ScoredDay]:
    published, moment = deployment.settings.published, deployment.clock()
    days = following.days_to_score(matured_days(spec, published, champion, moment))
    return scored_days(spec, published, champion, days, moment) if days else []


def _record(
    release: Release, actor: str, valid_from: datetime, adjustment: Adjustment
) -> NewAdjustment:
    return NewAdjustment(
        **adjustment.model_dump(include={*Adjustment.model_fields}),
        sequence=release.sequence,
        version=release.version,
        valid_from=valid_from,
        actor=actor,
    )


def _result(
    deployment: Deployment, spec: ModelSpec, recorded: int, reason: str | None = None
) -> AdjustedRelease:
    release = deployment.ledger.current_release(spec.name)
    if release is None:
        raise _nothing_released(spec)
    state = adjustment_state(deployment.ledger, spec, release, deployment.clock())
    assert state is not None  # there is a rule
    return AdjustedRelease(state=state, recorded=recorded, reason=reason)


def _nothing_released(spec: ModelSpec) -> LedgerError:
    return LedgerError(
        f"{spec.name!r} has no champion whose constants could follow: call "
        f"`mlops train {spec.name}` first."
    )
