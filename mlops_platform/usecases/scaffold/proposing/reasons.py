"""Why a new model is as it is proposed."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from mlops_platform.data.landing.files.local_times import ClockChange
from mlops_platform.data.profiling.expressions.clock_changes import (
    counted_changes,
)
from mlops_platform.usecases.scaffold.proposing.answers import LANDING
from mlops_platform.usecases.scaffold.proposing.draft import Draft
from mlops_platform.usecases.scaffold.proposing.keys import Key

AS_LANDED: Final = "as of the other model of these data"
_RULES: Final[Mapping[ClockChange, str]] = {
    "earlier": "`earlier` takes the first of an hour that exists twice, and reads one that does "
    "not exist by the clock after the change",
    "later": "`later` takes the second of an hour that exists twice, and reads one that does not "
    "exist by the clock before the change",
}


def reasons_of(draft: Draft, key: Key) -> dict[str, str]:
    """Why each thing is as it is, by the dotted path of the YAML that it explains."""
    reasons = {
        "features.entity": key.reason,
        "label.column": f"you asked for {draft.answers.label}",
    }
    days = draft.days()
    if draft.time is None:
        reasons["features.event_time"] = "no column is the moment of a row"
        reasons["window.cadence"] = "without a clock a window is a day of landing"
    else:
        proposed = AS_LANDED if draft.landed is not None else "the likeliest time of a row"
        said = "you said so" if draft.answers.time else proposed
        reasons["features.event_time"] = said
        per_day = draft.profile.times[0].day_rows if draft.profile.times else 0
        reasons["window.cadence"] = f"{days} days of history, with about {per_day:,} rows on a day"
        reasons["timezone"] = _zone_reason(draft)
    if draft.answers.known_at == LANDING or draft.time is None:
        reasons["label.known_at"] = "an outcome counts from the moment at which it lands"
    else:
        reasons["label.known_at"] = f"you said: known at {draft.answers.known_at}"
    if draft.profile.duplicates:
        reasons["duplicates"] = key.reason
    if draft.clock_change != "refuse":
        reasons["clock_change"] = _clock_change_reason(draft)
    return {path: _sentence(reason) for path, reason in reasons.items()}


def _clock_change_reason(draft: Draft) -> str:
    said, earlier = draft.answers.clock_change, draft.earlier
    if earlier is not None and earlier.clock_change == draft.clock_change:
        return earlier.reasons.get("clock_change", AS_LANDED)
    rule = _RULES[draft.clock_change]
    if not draft.clock_changes:
        return f"you said so. {rule}"
    because = "you said so" if said else "with `refuse` nothing would land"
    return (
        f"in {draft.profile.rows:,} rows {counted_changes(draft.clock_changes)} are of an hour "
        f"that does not exist or exists twice in {draft.timezone}. {rule}: {because}"
    )


def _zone_reason(draft: Draft) -> str:
    if draft.answers.timezone:
        return "you said so"
    if draft.landed is not None:
        return AS_LANDED
    has_zone = bool(draft.profile.times) and draft.profile.times[0].has_zone
    if has_zone:
        return "times say their offset; days are of UTC, another zone is `--timezone`"
    return "times do not say their zone: taken as UTC, another one is `--timezone`"


def _sentence(text: str) -> str:
    """A reason as a comment of the YAML."""
    return f"{text[:1].upper()}{text[1:].rstrip('.')}."
