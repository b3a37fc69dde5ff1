"""What is declared of any landed table, wherever its rows are from."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Annotated, Any, Literal

import dagster as dg

from mlops_platform.components.landing.landing_asset import (
    LandDays,
    daily_landing_asset,
    snapshot_landing_asset,
)
from mlops_platform.components.partitions import DailyPartitions
from mlops_platform.data.landing.landed_table import (
    DeliveryMeaning,
    Duplicates,
    LandedTable,
)


@dataclass(kw_only=True)
class DeclaredTable(dg.Resolvable):
    """The table that rows of a source become."""

    table: Annotated[
        str, dg.Resolver.default(description="Name of the landed table and of its dbt source.")
    ]
    description: Annotated[
        str, dg.Resolver.default(description="What one row is, and where it comes from.")
    ]
    key: Annotated[
        Sequence[str],
        dg.Resolver.default(description="Output columns that together identify a fact of a day."),
    ]
    owners: Annotated[
        Sequence[str],
        dg.Resolver.default(description="People by e-mail address, teams as `team:name`."),
    ]
    columns: Annotated[
        Mapping[str, str] | None,
        dg.Resolver.default(description="Output column to input column; all as they are if null."),
    ] = None
    types: Annotated[
        Mapping[str, str],
        dg.Resolver.default(
            description=(
                "Output column to DuckDB type; CSV columns are text without one. A new column "
                "lands, and a landed one becomes wider, by being named here."
            )
        ),
    ] = field(default_factory=dict)
    renamed: Annotated[
        Mapping[str, str],
        dg.Resolver.default(
            description="New name of an output column to the one that it had until now."
        ),
    ] = field(default_factory=dict)
    optional: Annotated[
        Sequence[str],
        dg.Resolver.default(description="Output columns that a delivery may lack: NULL, then."),
    ] = ()
    dropped: Annotated[
        Sequence[str],
        dg.Resolver.default(description="Output columns that are no part of the table."),
    ] = ()
    duplicates: Annotated[
        Duplicates,
        dg.Resolver.default(
            description=(
                "Rows that are equal to others in all columns: `refuse` them, `drop` all but one, "
                "or `number` them in the column `numbered_by`."
            )
        ),
    ] = "refuse"
    numbered_by: Annotated[
        str | None,
        dg.Resolver.default(description="Column of the key that numbers equal rows from 1."),
    ] = None
    clock_change: Annotated[
        Literal["refuse", "earlier", "later"],
        dg.Resolver.default(
            description=(
                "How a time without zone is read that does not exist, or exists twice, because "
                "the clocks change."
            )
        ),
    ] = "refuse"
    order_by: Annotated[
        Sequence[str],
        dg.Resolver.default(description="Output columns to sort by; the key where empty."),
    ] = ()
    known_at: Annotated[
        str | None,
        dg.Resolver.default(
            description=(
                "Output column with the moment from which a fact was known; the column of that "
                "name where null, if there is one."
            )
        ),
    ] = None
    max_gone: Annotated[
        float,
        dg.Resolver.default(
            description="Share of a day's rows that a delivery which `replaces` it may lack."
        ),
    ] = 0.1

    def landed_asset(
        self, land: LandDays, partitions: DailyPartitions | None, timezone: str
    ) -> dg.Definitions:
        """One asset: by day, or without partitions of the day of its delivery.

        Args:
            timezone: of that day.
        """
        described: dict[str, Any] = {"description": self.description, "owners": self.owners}
        if partitions is None:
            asset = snapshot_landing_asset(self.table, land, timezone=timezone, **described)
        else:
            days = partitions.definition()
            asset = daily_landing_asset(self.table, land, partitions=days, **described)
        return dg.Definitions(assets=[asset])

    def declared_source(self, **table: Any) -> dict[str, Any]:
        """What any source of this table is made with.

        Args:
            table: what else is declared of the table.
        """
        return {
            "landed": self._landed_table(**table),
            "columns": self.columns,
            "casts": self.types,
            "clock_change": self.clock_change,
        }

    def _landed_table(self, **table: Any) -> LandedTable:
        return LandedTable(
            table=self.table,
            key=tuple(self.key),
            order_by=tuple(self.order_by),
            known_at=self.known_at,
            max_gone=self.max_gone,
            types=dict(self.types),
            renamed=dict(self.renamed),
            optional=tuple(self.optional),
            dropped=tuple(self.dropped),
            duplicates=self.duplicates,
            numbered_by=self.numbered_by,
            **table,
        )


@dataclass(kw_only=True)
class DatedRows(dg.Resolvable):
    """What is declared of rows that have a time."""

    without_time: Annotated[
        Literal["refuse", "leave_out"],
        dg.Resolver.default(description="What becomes of rows without a time; both are told."),
    ] = "refuse"
    delivery: Annotated[
        DeliveryMeaning,
        dg.Resolver.default(
            description=(
                "What another delivery of a day means: `replaces` is the day anew, `adds` puts "
                "rows in place of those of the same key, or beside them."
            )
        ),
    ] = "replaces"
    retracted: Annotated[
        str | None,
        dg.Resolver.default(
            description="Boolean output column of `adds`, not landed: such rows are taken back."
        ),
    ] = None
