"""What is declared of the files of a landed table, whatever says of which day their rows are."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Annotated, Any, Literal

import dagster as dg

from mlops_platform.components.landing.landing_asset import LandDays
from mlops_platform.components.landing.table import DeclaredTable
from mlops_platform.components.partitions import DailyPartitions


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
        Literal["utf-8", "latin-1", "windows-1252", "utf-16"],
        dg.Resolver.default(description="Of the text."),
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
    timestamp_format: Annotated[
        str | None,
        dg.Resolver.default(
            description=(
                "How times with or without zone are written: a format of strptime, or `epoch`, "
                "`epoch_ms` or `epoch_us` for numbers since 1970; as ISO 8601 if null. A time that "
                "is written otherwise is refused."
            ),
            examples=["%d.%m.%Y %H:%M", "%m/%d/%Y %I:%M %p"],
        ),
    ] = None
    date_format: Annotated[
        str | None,
        dg.Resolver.default(
            description="The same of columns that land as DATE.", examples=["%d.%m.%Y"]
        ),
    ] = None
    formats: Annotated[
        Mapping[str, str],
        dg.Resolver.default(
            description="The same by output column; goes before the two of all columns.",
            examples=[{"ordered_at": "%d.%m.%Y %H:%M"}],
        ),
    ] = field(default_factory=dict)
    two_digit_century_start: Annotated[
        int,
        dg.Resolver.default(
            description=(
                "First of the hundred years that a year of two digits (%y) is of: from 1969, 69 is "
                "1969 and 68 is 2068."
            )
        ),
    ] = 1969


@dataclass(kw_only=True)
class LandedFiles(DeclaredTable):
    """The table that files become, and how they are read."""

    folder: Annotated[
        str,
        dg.Resolver.default(
            description="Absolute folder, or one inside `package` where that is given."
        ),
    ]
    pattern: Annotated[
        str, dg.Resolver.default(description="Glob of the files.", examples=["*.parquet"])
    ]
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
    package: Annotated[
        str | None,
        dg.Resolver.default(description="Installed distribution that brings the folder."),
    ] = None

    def landed_asset(
        self, land: LandDays, partitions: DailyPartitions | None, timezone: str
    ) -> dg.Definitions:
        """The asset, if its files are declared in a way that they can be written in.

        Raises:
            DataError: names the field.
        """
        from mlops_platform.data.landing.files.columns import refuse_unknown_formats
        from mlops_platform.data.landing.files.csv_dialect import CsvDialect

        dialect = CsvDialect(**vars(self.csv))
        if self.columns is not None:
            others = (*self.renamed.values(), *self.optional, *self.dropped)
            refuse_unknown_formats(dialect.formats, {*self.columns, *others})
        return super().landed_asset(land, partitions, timezone)

    def declared_files(self, **table: Any) -> dict[str, Any]:
        """What a source of these files is made with.

        Args:
            table: what else is declared of the table.
        """
        from mlops_platform.data.landing.files.csv_dialect import CsvDialect
        from mlops_platform.data.packages import installed_package_folder

        inside = Path(self.folder)
        return {
            **self.declared_source(**table),
            "folder": installed_package_folder(self.package, self.folder)
            if self.package
            else inside,
            "pattern": self.pattern,
            "null_values": tuple(self.null_values),
            "dialect": CsvDialect(**vars(self.csv)),
        }
