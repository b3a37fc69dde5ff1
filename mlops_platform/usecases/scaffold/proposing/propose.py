"""Choices of a new model: what was said wins over what the scan suggests."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import date, timedelta
from functools import cached_property
from typing import Final, Literal

from mlops_platform.data.landing.files.local_times import ClockChange
from mlops_platform.data.profiling.expressions.clock_changes import (
    ClockChanges,
    counted_changes,
)
from mlops_platform.data.profiling.expressions.expression import (
    Expression,
    columns_read,
    expression_of,
    require_column,
)
from mlops_platform.data.profiling.expressions.facts import AS_ISO
from mlops_platform.data.profiling.expressions.moments import moment_sql
from mlops_platform.data.profiling.finding import Finding
from mlops_platform.data.profiling.profile import ColumnProfile, TableProfile
from mlops_platform.errors import SpecError
from mlops_platform.tasks.proposal import LabelFacts, Proposal
from mlops_platform.usecases.scaffold.choices import (
    Choices,
    ColumnChoice,
    DbtSourceChoice,
    SourceChoice,
)
from mlops_platform.usecases.scaffold.proposing.answers import LANDING, NO_TIME, Answers
from mlops_platform.usecases.scaffold.proposing.keys import Key, key_of
from mlops_platform.usecases.scaffold.proposing.names import (
    TakenNames,
    free_domain,
    free_model,
    free_table,
    label_name_of,
    require_free_model,
    require_name,
    table_name,
)
from mlops_platform.usecases.scaffold.proposing.roles import MOMENT, Said, column_choices
from mlops_platform.usecases.scaffold.proposing.rolling import rolling_choices, rolling_keys

DEFAULT_ZONE: Final = "UTC"
LEAST_WEEKLY_DAYS: Final = 42
"""Of history: fewer days are few weeks, and each would be judged by very little."""
STILL_GOES_ON: Final = timedelta(days=31)
"""Since the newest row: a table that has had none for longer is taken as finished."""

_AS_LANDED: Final = "as of the other model of these data"
_RULES: Final[Mapping[ClockChange, str]] = {
    "earlier": "`earlier` takes the first of an hour that exists twice, and reads one that does "
    "not exist by the clock after the change",
    "later": "`later` takes the second of an hour that exists twice, and reads one that does not "
    "exist by the clock before the change",
}


@dataclass(frozen=True)
class Draft:
    """A table, and what was said of it.

    Args:
        source_name: file, folder or table, after which the domain and the table are named.
        taken: names that the project has.
        clock_changes: columns with times that clocks take away or give twice, once they were
            looked for.
        earlier: choices of a model of the same data: its landing stays as it is.
        landed: choices of another model, for which these data land: their time, zone and types
            stay.
        others: choices of other models of the same data: their outcomes are no features.
        told: share of the outcome's variance by column whose past outcomes may be averaged.
        label_delay_days: until nearly every label is known, as the rows say.
        today: the day of the first landing, where rows have no time.
    """

    profile: TableProfile
    source: SourceChoice
    source_name: str
    answers: Answers
    taken: TakenNames = field(default_factory=TakenNames)
    findings: tuple[Finding, ...] = ()
    clock_changes: tuple[ClockChanges, ...] = ()
    earlier: Choices | None = None
    landed: Choices | None = None
    others: tuple[Choices, ...] = ()
    told: Mapping[str, float] = field(default_factory=dict)
    label_delay_days: int | None = None
    today: date | None = None

    def with_answers(self, answers: Answers) -> Draft:
        """The same table, with more said of it."""
        return replace(self, answers=answers)

    @cached_property
    def domain(self) -> str:
        """As was said, or named after the source.

        Raises:
            SpecError: it is no name, or belongs to somebody else.
        """
        said = self.answers.domain
        if said is None and self.earlier is not None:
            return self.earlier.domain
        if said is None:
            return free_domain(table_name(self.source_name), self.taken)
        if require_name("domain", said) in self.taken.domains:
            raise SpecError(
                "domain", said, "This folder was not made by `mlops init`. Choose another name."
            )
        return said

    @cached_property
    def table(self) -> str:
        """The landed table."""
        if self.earlier is not None:
            return self.earlier.table
        return free_table(table_name(self.source_name), self.domain, self.taken)

    @cached_property
    def label(self) -> Expression | None:
        """What is predicted; None where nothing was said."""
        return self._expression("label", self.answers.label)

    @cached_property
    def time(self) -> Expression | None:
        """The moment of a prediction: said, or the likeliest; None where rows have none."""
        if self.answers.time == NO_TIME:
            return None
        if self.answers.time is not None:
            return self._expression("time", self.answers.time)
        if self.landed is not None:
            return self._expression("time", self.landed.event_time)
        if not self.profile.times:
            return None
        return expression_of(self.profile, "time", self.profile.times[0].column)

    @cached_property
    def known_at(self) -> Expression | None:
        """When the label becomes known; None where that is its landing, or was not said."""
        said = self.answers.known_at
        return None if said == LANDING else self._expression("known-at", said)

    @cached_property
    def outcomes(self) -> Mapping[str, str]:
        """Other models, by the columns that their outcomes are made of."""
        return {
            column: other.model
            for other in self.others
            for flag, text in (("label", other.label), ("known-at", other.known_at))
            if text is not None
            for column in columns_read(self.profile, flag, text)
        }

    @property
    def label_name(self) -> str:
        """Column of the outcome in its table."""
        return label_name_of(self.answers.label or "")

    @property
    def model(self) -> str:
        """As was said, or named after the label.

        Raises:
            SpecError: it is no name, or a model of other data has it.
        """
        said, earlier = self.answers.name, self.earlier
        if said is not None:
            is_made_again = earlier is not None and earlier.model == said
            return said if is_made_again else require_free_model(said, self.taken)
        return free_model(self.label_name, self.domain, self.taken)

    @property
    def timezone(self) -> str:
        """Of days, and of times that do not say theirs."""
        if self.answers.timezone is not None:
            return self.answers.timezone
        return self.earlier.timezone if self.earlier is not None else DEFAULT_ZONE

    @property
    def clock_change(self) -> ClockChange:
        """As was said, or as the landing has it; else what lets every row land."""
        if self.answers.clock_change is not None:
            return self.answers.clock_change
        if self.earlier is not None and self.earlier.clock_change != "refuse":
            return self.earlier.clock_change
        return "earlier" if self.clock_changes else "refuse"

    def named(self, flag: Literal["entity", "drop", "sensitive", "keep"]) -> tuple[str, ...]:
        """Source names of the columns that a flag lists.

        Raises:
            SpecError: the table lacks one.
        """
        names = getattr(self.answers, flag)
        return tuple(require_column(self.profile, flag, name).name for name in names)

    @property
    def said_of_columns(self) -> Said:
        """What makes a column a feature or none.

        Raises:
            SpecError: a column is to be dropped that is needed.
        """
        label, time, known_at = self.label, self.time, self.known_at
        said = Said(
            label=label.columns if label else (),
            time=time.columns if time else (),
            known_at=known_at.columns if known_at else (),
            key=self.named("entity") or (self.profile.keys[0].columns if self.profile.keys else ()),
            drop=self.named("drop") or self._dropped_before(),
            sensitive=self.named("sensitive"),
            keep=self.named("keep"),
            outcomes=self.outcomes,
            landed_types=self._landed_types,
            findings=self.findings,
        )
        for flag in ("label", "time", "known_at"):
            for column in getattr(said, flag):
                if column in said.drop:
                    raise SpecError(
                        "drop", column, f"The {flag.replace('_', '-')} is made of it: keep it."
                    )
        return said

    def columns(self) -> tuple[ColumnChoice, ...]:
        """What becomes of each column."""
        return column_choices(self.profile.columns, self.said_of_columns)

    def require_landed_time(self) -> None:
        """Refuse a time or a zone that a table that lands already does not have.

        Raises:
            SpecError: names the flag.
        """
        landed, zone = self.landed, self.timezone
        if landed is None:
            return
        if zone != landed.timezone:
            raise SpecError("timezone", zone, _of_landed(landed, f"days of {landed.timezone}"))
        types = {column.output: column.type for column in self.columns()}
        moment = None if self.time is None else moment_sql(self.time, types, zone)
        if (moment or "").split() != (landed.event_time or "").split():
            then = f"the time {landed.event_time}" if landed.event_time else "no time"
            raise SpecError("time", self.answers.time, _of_landed(landed, then))

    def landed_moments(self) -> tuple[ColumnProfile, ...]:
        """Columns that land as moments, whether or not they say their zone."""
        if isinstance(self.source, DbtSourceChoice):
            return ()
        time_column = None if self.time is None else _time_column(self, self.time)
        return tuple(
            self.profile.column(column.name)
            for column in self.columns()
            if column.role != "dropped" and (column.type == MOMENT or column.name == time_column)
        )

    def rolling_keys(self) -> list[str]:
        """Columns whose past outcomes could become features."""
        if self.time is None or self.known_at is None:
            return []
        return rolling_keys(self.profile, self.columns())

    def days(self) -> int:
        """Local days that have rows, of the likeliest time."""
        return self.profile.times[0].days if self.time is not None and self.profile.times else 0

    @property
    def _landed_types(self) -> Mapping[str, str]:
        columns = self.landed.columns if self.landed is not None else ()
        return {column.name: column.type for column in columns if column.role != "dropped"}

    def _expression(self, flag: str, text: str | None) -> Expression | None:
        return None if text is None else expression_of(self.profile, flag, text)

    def _dropped_before(self) -> tuple[str, ...]:
        if self.earlier is None:
            return ()
        present = {column.name for column in self.profile.columns}
        return tuple(
            column.name
            for column in self.earlier.columns
            if column.role == "dropped" and column.name in present
        )


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
    rolling = () if draft.known_at is None else rolling_choices(draft.told, draft.days())
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
        time_column=None if time is None else _time_column(draft, time),
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
            **{path: _sentence(reason) for path, reason in _reasons(draft, key).items()},
            "task": proposal.reason,
            **proposal.reasons,
        },
    )


def _key(draft: Draft, landed: tuple[str, ...]) -> Key:
    if draft.earlier is not None and not draft.answers.entity:
        earlier = draft.earlier
        columns = tuple(name for name in earlier.key if name != earlier.numbered_by)
        reason = earlier.reasons.get("features.entity", _AS_LANDED)
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


def _time_column(draft: Draft, time: Expression) -> str:
    """The column by whose day rows land: the first that is a time."""
    for name in time.columns:
        if draft.profile.column(name).kind in {"moment", "date"}:
            return name
    fix = f"It reads no column of times, by whose day rows could land. Name one. {AS_ISO}"
    raise SpecError("time", time.sql, fix)


def _reasons(draft: Draft, key: Key) -> dict[str, str]:
    reasons = {
        "features.entity": key.reason,
        "label.column": f"you asked for {draft.answers.label}",
    }
    days = draft.days()
    if draft.time is None:
        reasons["features.event_time"] = "no column is the moment of a row"
        reasons["window.cadence"] = "without a clock a window is a day of landing"
    else:
        proposed = _AS_LANDED if draft.landed is not None else "the likeliest time of a row"
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
    return reasons


def _clock_change_reason(draft: Draft) -> str:
    said, earlier = draft.answers.clock_change, draft.earlier
    if earlier is not None and earlier.clock_change == draft.clock_change:
        return earlier.reasons.get("clock_change", _AS_LANDED)
    rule = _RULES[draft.clock_change]
    if not draft.clock_changes:
        return f"you said so. {rule}"
    because = "you said so" if said else "with `refuse` nothing would land"
    return (
        f"in {draft.profile.rows:,} rows {counted_changes(draft.clock_changes)} are of an hour "
        f"that does not exist or exists twice in {draft.timezone}. {rule}: {because}"
    )


def _of_landed(landed: Choices, what: str) -> str:
    return (
        f"These data land with {what}, for the model {landed.model}: leave the flag out, or make "
        "the model in another --domain."
    )


def _sentence(text: str) -> str:
    """A reason as a comment of the YAML."""
    return f"{text[:1].upper()}{text[1:].rstrip('.')}."


def _zone_reason(draft: Draft) -> str:
    if draft.answers.timezone:
        return "you said so"
    if draft.landed is not None:
        return _AS_LANDED
    has_zone = bool(draft.profile.times) and draft.profile.times[0].has_zone
    if has_zone:
        return "times say their offset; days are of UTC, another zone is `--timezone`"
    return "times do not say their zone: taken as UTC, another one is `--timezone`"
