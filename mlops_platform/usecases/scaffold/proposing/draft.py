"""Draft: a table that was looked at, and what was said of it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import date
from functools import cached_property
from typing import Final, Literal

from mlops_platform.data.landing.files.local_times import ClockChange
from mlops_platform.data.profiling.expressions.clock_changes import (
    ClockChanges,
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
from mlops_platform.usecases.scaffold.choices import (
    Choices,
    ColumnChoice,
    DbtSourceChoice,
    SourceChoice,
)
from mlops_platform.usecases.scaffold.proposing.answers import LANDING, NO_TIME, Answers
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
from mlops_platform.usecases.scaffold.proposing.rolling import rolling_keys

DEFAULT_ZONE: Final = "UTC"


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
    def time_column(self) -> str | None:
        """The column by whose day rows land: the first that is a time; None where none has one.

        Raises:
            SpecError: the time reads none.
        """
        if self.time is None:
            return None
        for name in self.time.columns:
            if self.profile.column(name).kind in {"moment", "date"}:
                return name
        fix = f"It reads no column of times, by whose day rows could land. Name one. {AS_ISO}"
        raise SpecError("time", self.time.sql, fix)

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
        time_column = self.time_column
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


def _of_landed(landed: Choices, what: str) -> str:
    return (
        f"These data land with {what}, for the model {landed.model}: leave the flag out, or make "
        "the model in another --domain."
    )
