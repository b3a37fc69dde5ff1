"""Adjust what serves: one record of the ledger for every day whose outcomes have matured."""

from __future__ import annotations

from contextlib import suppress
from datetime import date, datetime
from typing import Final

from mlops_platform.errors import LedgerError, ReleaseConflict
from mlops_platform.ledger.records import NewAdjustment, Release
from mlops_platform.record import Record
from mlops_platform.spec import ModelSpec
from mlops_platform.tasks import AdaptationRule, Adjustment, ScoredDay
from mlops_platform.usecases.adjustment.following import Following
from mlops_platform.usecases.adjustment.matured_days import (
    latest_built_day,
    matured_days,
    scored_days,
)
from mlops_platform.usecases.adjustment.state import AdjustmentState, adjustment_state
from mlops_platform.usecases.deployment import Deployment
from mlops_platform.usecases.ledger.freeze import freeze_text, frozen_by
from mlops_platform.usecases.release.held_out_scores import HeldOutScores
from mlops_platform.usecases.release.reconcile import point_services
from mlops_platform.usecases.release.reference import load_held_out_scores
from mlops_platform.usecases.version.champion import load_release
from mlops_platform.usecases.window.maturity import latest_matured_day

_ROUNDS: Final = 3


class AdjustedRelease(Record):
    """What adjusting came to.

    Args:
        recorded: adjustments that were written.
        passed_over: matured days with outcomes that no adjustment counts, because they were built
            after a later one was counted.
        reason: why nothing could be recorded, where that is no matter of days.
    """

    state: AdjustmentState
    recorded: int = 0
    passed_over: tuple[date, ...] = ()
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
        rule: of the YAML; a version follows by that of its own training.
        automatic: no person asks for it, so that a frozen model stays as it is.

    Raises:
        LedgerError: nothing was released yet.
        ReleaseConflict: others release or adjust again and again meanwhile.
    """
    frozen = frozen_by(deployment.ledger, spec.name) if automatic else None
    if frozen is not None:
        release = _current_release(deployment, spec)
        return _result(deployment, spec, release, reason=f"frozen {freeze_text(frozen)}")
    for _ in range(_ROUNDS - 1):
        with suppress(ReleaseConflict):
            return _adjusted(deployment, spec, rule, actor)
    return _adjusted(deployment, spec, rule, actor)


def _adjusted(
    deployment: Deployment, spec: ModelSpec, rule: AdaptationRule, actor: str
) -> AdjustedRelease:
    release = _current_release(deployment, spec)
    held_out = load_held_out_scores(deployment.registry, release, rule)
    if held_out is None or not held_out.days:
        reason = _nothing_to_begin_with(release, held_out)
        return _result(deployment, spec, release, reason=reason)
    following = _following(deployment, spec, release, held_out)
    if following is None:
        reason = "the days that had matured when it was released are not built yet"
        return _result(deployment, spec, release, reason=reason)
    scored = _scored(deployment, spec, following)
    passed_over = {day.day for day in scored} & {*following.passed_over}
    counting = [day for day in scored if day.day not in passed_over]
    new = [_record(release, actor, *step) for step in following.steps(counting)]
    after = len(following.written)
    deployment.ledger.record_adjustments(spec.name, new, after=after)
    # Again, where another process has released meanwhile: see `reconcile`.
    for _ in range(_ROUNDS):
        if not point_services(deployment, spec.name):
            break
    return _result(deployment, spec, release, len(new), tuple(sorted(passed_over)))


def _current_release(deployment: Deployment, spec: ModelSpec) -> Release:
    release = deployment.ledger.current_release(spec.name)
    if release is None:
        raise LedgerError(
            f"{spec.name!r} has no champion whose constants could follow: call "
            f"`mlops train {spec.name}` first."
        )
    return release


def _scored(deployment: Deployment, spec: ModelSpec, following: Following) -> list[ScoredDay]:
    """Days that count and days that were passed over; the model is loaded where there are any."""
    if not following.days_to_score:
        return []
    days = sorted([*following.days_to_score, *following.passed_over])
    champion = load_release(deployment.registry, following.release)
    return scored_days(
        spec, deployment.settings.published, champion, days, deployment.moment_of(spec.name)
    )


def _following(
    deployment: Deployment, spec: ModelSpec, release: Release, held_out: HeldOutScores
) -> Following | None:
    """How the release goes on; None while days are not built that its beginning has to know."""
    published, moment = deployment.settings.published, deployment.moment_of(spec.name)
    written = deployment.ledger.adjustments(spec.name, release.sequence)
    last = latest_built_day(spec, published, moment)
    if last is None or (not written and last < latest_matured_day(spec, release.released_at)):
        return None
    matured = matured_days(spec, published, last)
    return Following(spec, release, held_out, written, matured)


def _nothing_to_begin_with(release: Release, held_out: HeldOutScores | None) -> str:
    version = f"version {release.version}"
    if held_out is None:
        return (
            f"{version} has no scores of held-out rows, as those have not that were trained before "
            "their task had an adaptation: adjustments begin with the next version"
        )
    return (
        f"no held-out day of {version} was mature when it was trained: lengthen "
        "`training.history.split` by the days that outcomes take, and train anew"
    )


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
    deployment: Deployment,
    spec: ModelSpec,
    release: Release,
    recorded: int = 0,
    passed_over: tuple[date, ...] = (),
    reason: str | None = None,
) -> AdjustedRelease:
    state = adjustment_state(deployment.ledger, spec, release, deployment.moment_of(spec.name))
    assert state is not None  # there is a rule
    return AdjustedRelease(state=state, recorded=recorded, passed_over=passed_over, reason=reason)
