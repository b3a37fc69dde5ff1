"""Which columns a model reads, what it predicts, and in which periods it is watched."""

from datetime import date
from typing import Annotated, Final, Literal, Self

from pydantic import Field, field_validator, model_validator

from mlops_platform.column_kind import KINDS, ColumnKind, KindName
from mlops_platform.record import left_out_where_empty
from mlops_platform.section import Identifier, Section

LANDED_AT: Final = "landed_at"
"""Moment of a row that has no event time, added where it is read: the midnight of its day."""
DELIVERED_AT: Final = "delivered_at"
"""Column of every landed table with the arrival of a row."""

SAMPLE_WEIGHT: Final = "sample_weight"
"""Column beside stored predictions with the weight of a row, where the model declares weights."""


class FeaturesSpec(Section):
    """The published feature table and the columns of it that the model reads."""

    table: Identifier = Field(
        description=(
            "Published dbt table with one row per entity, or without event time one per entity and "
            "day of landing."
        )
    )
    entity: Identifier = Field(description="Column that identifies one prediction.")
    event_time: Identifier | None = Field(
        default="event_time",
        description=(
            "Column with the moment of the prediction (UTC); null where rows have none: then the "
            "partition is the day on which a row landed."
        ),
    )
    partition: Identifier = Field(
        default="local_date", description="Column by which the table is published."
    )
    numeric: tuple[Identifier, ...] = Field(default=(), description="Numeric features.")
    categorical: tuple[Identifier, ...] = Field(default=(), description="String features.")
    boolean: tuple[Identifier, ...] = Field(
        default=(),
        description="Features that are true or false, published as BOOLEAN.",
        exclude_if=left_out_where_empty,
    )
    text: tuple[Identifier, ...] = Field(
        default=(),
        description="Features that hold free text, each preprocessed by steps of its own.",
        exclude_if=left_out_where_empty,
    )
    sensitive: tuple[Identifier, ...] = Field(
        default=(),
        description="Columns kept out of the features, used for subgroups and listed in the card.",
    )
    weight: Identifier | None = Field(
        default=None,
        description=(
            "Column that says how much each row counts, a positive number: in fits, metrics, "
            "comparisons and windows. It is no feature, and no request carries it."
        ),
        exclude_if=left_out_where_empty,
    )
    required: tuple[Identifier, ...] = Field(
        default=(),
        description=(
            "Features that are never NULL; a row that lacks one is refused, by the service and "
            "wherever rows are read to be trained on or scored. Any other may be missing."
        ),
        exclude_if=left_out_where_empty,
    )

    @property
    def has_event_time(self) -> bool:
        """Whether rows are of a moment; without it they are of the day on which they landed."""
        return self.event_time is not None

    @property
    def moment_column(self) -> str:
        """Column with the moment of a row: its event time, or the midnight of its landed day."""
        return self.event_time or LANDED_AT

    @property
    def names(self) -> tuple[str, ...]:
        """Feature columns in the order in which every pipeline sees them."""
        return tuple(column for kind in KINDS for column in self.of_kind(kind))

    @property
    def beside(self) -> tuple[str, ...]:
        """Columns that are read with the features and are none: sensitive ones and the weight."""
        return self.sensitive if self.weight is None else (*self.sensitive, self.weight)

    @property
    def kinds(self) -> dict[str, ColumnKind]:
        """The kind of each feature column, in the order in which every pipeline sees them."""
        return {column: kind for kind in KINDS.values() for column in self.of_kind(kind.name)}

    def of_kind(self, kind: KindName) -> tuple[str, ...]:
        """Feature columns of one kind."""
        columns: tuple[str, ...] = getattr(self, kind)
        return columns

    @model_validator(mode="after")
    def _columns_have_one_role(self) -> Self:
        if not self.names:
            raise ValueError(
                "no feature is declared: list columns under `numeric`, `categorical`, `boolean` or "
                "`text`"
            )
        keys = (self.entity, self.moment_column, self.partition)
        seen: set[str] = set()
        for column in (*keys, *self.names, *self.beside):
            if column in seen and column == self.weight:
                raise ValueError(
                    f"column '{column}' is the weight of a row and named elsewhere too: publish "
                    "a copy of it under another name, and declare that as the weight"
                )
            if column in seen:
                raise ValueError(
                    f"column '{column}' is named twice: a column is key, "
                    f"{', '.join(KINDS)} or sensitive, once; remove one of the mentions"
                )
            seen.add(column)
        return self

    @model_validator(mode="after")
    def _only_features_are_required(self) -> Self:
        strangers = [column for column in self.required if column not in self.names]
        if strangers:
            raise ValueError(
                f"`required` names {', '.join(strangers)}, which is no feature: list it under "
                f"{', '.join(KINDS)}, or take it out of `required`"
            )
        return self


class LabelSpec(Section):
    """The outcome and the moment at which it became known."""

    table: Identifier = Field(
        description=(
            "Published dbt table with one row per known outcome, or where it has `superseded_at` "
            "(UTC) one per version of it."
        )
    )
    column: Identifier = Field(
        description="Outcome that is predicted; rows where it is NULL are left out."
    )
    known_at: Identifier | None = Field(
        default="known_at",
        description=(
            "Column with the moment the outcome became known (UTC); null where that is its "
            f"landing, which is the column `{DELIVERED_AT}`."
        ),
    )
    reporting_delay_days: Annotated[int, Field(ge=0)] = Field(
        default=0,
        description=(
            "Days after `known_at` until a label reaches the platform; training and monitoring "
            "see it only then."
        ),
    )

    @property
    def known_at_column(self) -> str:
        """Column with the moment the outcome became known: the declared one, or its landing."""
        return self.known_at or DELIVERED_AT


class WindowSpec(Section):
    """The period of monitoring: the partition of predictions, drift and performance."""

    cadence: Literal["daily", "weekly"] = Field(
        default="weekly", description="`weekly` windows start on Mondays."
    )
    start: date = Field(description="First day of the first window, a Monday where weekly.")
    end: date | None = Field(
        default=None, description="Day on which the last window ends; null where it goes on."
    )
    timezone: str = Field(default="UTC", description="IANA zone whose midnight starts a window.")
    source: Literal["batch", "served"] = Field(
        default="batch",
        description=(
            "What the predictions of a window are: `batch` scores every entity of its days, "
            "`served` takes what the service answered, where it answered anything."
        ),
    )

    @property
    def days(self) -> int:
        """Of each window."""
        return 1 if self.cadence == "daily" else 7

    @field_validator("timezone")
    @classmethod
    def _zone_exists(cls, zone: str) -> str:
        from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

        try:
            ZoneInfo(zone)
        except (ZoneInfoNotFoundError, ValueError) as error:
            raise ValueError(
                f"'{zone}' is no IANA time zone; use a name such as 'America/New_York'"
            ) from error
        return zone

    @model_validator(mode="after")
    def _days_are_possible(self) -> Self:
        if self.cadence == "weekly" and self.start.weekday() != 0:
            raise ValueError(
                f"weekly windows start on a Monday, {self.start} is a {self.start:%A}; "
                "move `start` to a Monday or set `cadence: daily`"
            )
        if self.end is not None and self.end <= self.start:
            raise ValueError(f"end={self.end} is not after start={self.start}; move one of them")
        return self
