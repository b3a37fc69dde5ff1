"""Choices of a new model: what was said wins over what the scan suggests."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date, timedelta
from typing import Final

from mlops_platform.data.profiling.expressions.moments import moment_sql
from mlops_platform.errors import SpecError
from mlops_platform.tasks.proposals.proposal import LabelFacts, Proposal
from mlops_platform.usecases.scaffold.choices import (
    Choices,
)
from mlops_platform.usecases.scaffold.proposing.draft import Draft
from mlops_platform.usecases.scaffold.proposing.keys import Key, key_of
from mlops_platform.usecases.scaffold.proposing.reasons import AS_LANDED, reasons_of
from mlops_platform.usecases.scaffold.proposing.rolling import rolling_choices

LEAST_WEEKLY_DAYS: Final = 42
"""Of history: fewer days are few weeks, and each would be judged by very little."""
STILL_GOES_ON: Final = timedelta(days=31)
"""Since the newest row: a table that has had none for longer is taken as finished."""


def choose_task(proposals: Sequence[Proposal], said: str | None) -> Proposal:
    """The task that was said, or the one that fits best.

    Raises:
        SpecError: none fits, or not the one that was said.
    """
    names = [str(proposal.task["type"]) for proposal in proposals]
    if said is None:
        if not proposals:
            raise SpecError(
                "label",
                "its values",
                "No task fits them. Write an expression that is true or false, or a number.",
            )
        return proposals[0]
    if said not in names:
        fits = f"Tasks that fit: {', '.join(names)}." if names else "No task does."
        raise SpecError("task", said, f"It does not fit this label. {fits}")
    return proposals[names.index(said)]


def choices_of(draft: Draft, proposal: Proposal, facts: LabelFacts) -> Choices:
    """Everything that the files follow from.

    Raises:
        SpecError: something was said that cannot be, or not said what must be.
    """
    label, time = draft.label, draft.time
    if label is None:
        raise SpecError("label", None, "Say what is predicted: a column, or `delay > 15`.")
    columns = draft.columns()
    landed = tuple(column.output for column in columns if column.role != "dropped")
    types = {column.output: column.type for column in columns if column.role != "dropped"}
    key = _key(draft, landed)
    zone = draft.timezone
    weekly = draft.days() >= LEAST_WEEKLY_DAYS
    # Outcomes that are texts have no mean.
    has_rolling = draft.known_at is not None and proposal.label_type != "VARCHAR"
    rolling = rolling_choices(draft.told, draft.days()) if has_rolling else ()
    return Choices(
        domain=draft.domain,
        table=draft.table,
        model=draft.model,
        description=f"Predicts {draft.answers.label} of each row of {draft.source_name}.",
        owners=(draft.answers.owner or f"team:{draft.domain}",),
        source=draft.source,
        columns=columns,
        key=key.landed,
        duplicates=key.duplicates,
        numbered_by=key.numbered_by,
        entity=key.landed,
        event_time=None if time is None else moment_sql(time, types, zone),
        time_column=draft.time_column,
        timezone=zone,
        clock_change=draft.clock_change,
        first_day=_first_day(draft),
        last_day=draft.profile.last_day if time is not None else None,
        goes_on=_goes_on(draft),
        label=proposal.label,
        label_name=draft.label_name,
        known_at=_known_at(draft, types),
        label_delay_days=draft.label_delay_days,
        task=proposal.task,
        label_facts=facts,
        rolling=tuple(choice for choice in rolling if time is not None),
        cadence="weekly" if weekly else "daily",
        rows=draft.profile.rows,
        reasons={
            **reasons_of(draft, key),
            "task": proposal.reason,
            **proposal.reasons,
        },
    )


def _key(draft: Draft, landed: tuple[str, ...]) -> Key:
    if draft.earlier is not None and not draft.answers.entity:
        earlier = draft.earlier
        columns = tuple(name for name in earlier.key if name != earlier.numbered_by)
        reason = earlier.reasons.get("features.entity", AS_LANDED)
        return Key(columns, earlier.duplicates, reason)
    return key_of(draft.profile, draft.named("entity"), landed)


def _known_at(draft: Draft, types: Mapping[str, str]) -> str | None:
    if draft.known_at is None:
        return None
    if types.get(draft.known_at.sql, "").startswith("TIMESTAMP"):
        # Of a column as it is the files say the zone, and dbt refuses it once it has one.
        return draft.known_at.sql
    # What became known some time on a day is known for sure when the day has ended.
    return moment_sql(draft.known_at, types, draft.timezone, day_ends=True)


def _first_day(draft: Draft) -> date | None:
    """Of the rows, or of the first landing; one that was declared stays."""
    now = draft.today if draft.time is None else draft.profile.first_day
    then = draft.earlier.first_day if draft.earlier is not None else None
    return min((day for day in (now, then) if day is not None), default=None)


def _goes_on(draft: Draft) -> bool:
    """Whether the newest rows are so new that others will follow."""
    if draft.time is None:
        return True
    last, today = draft.profile.last_day, draft.today
    return last is not None and today is not None and today - last <= STILL_GOES_ON
