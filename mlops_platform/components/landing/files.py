"""What is declared of the files of a landed table, whatever says of which day their rows are."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Annotated, Any, Literal

import dagster as dg

from mlops_platform.data.landing.landed_table import Duplicates, LandedTable


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


@dataclass(kw_only=True)
class LandedFiles(dg.Resolvable):
    """The table that files become, and how they are read."""

    table: Annotated[
        str, dg.Resolver.default(description="Name of the landed table and of its dbt source.")
    ]
    description: Annotated[
        str, dg.Resolver.default(description="What one row is, and where it comes from.")
    ]
    folder: Annotated[
        str,
        dg.Resolver.default(
            description="Absolute folder, or one inside `package` where that is given."
        ),
    ]
    pattern: Annotated[
        str, dg.Resolver.default(description="Glob of the files.", examples=["*.parquet"])
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
    package: Annotated[
        str | None,
        dg.Resolver.default(description="Installed distribution that brings the folder."),
    ] = None

    def declared_files(self, **table: Any) -> dict[str, Any]:
        """What a source of these files is made with.

        Args:
            table: what else is declared of the table.
        """
        from mlops_platform.data.landing.files.csv_dialect import CsvDialect
        from mlops_platform.data.packages import installed_package_folder

        inside = Path(self.folder)
        return {
            "landed": self._landed_table(**table),
            "folder": installed_package_folder(self.package, self.folder)
            if self.package
            else inside,
            "pattern": self.pattern,
            "columns": self.columns,
            "casts": self.types,
            "null_values": tuple(self.null_values),
            "dialect": CsvDialect(**vars(self.csv)),
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
