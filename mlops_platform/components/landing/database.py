"""Lands a table or view of a database."""

from dataclasses import dataclass
from typing import Annotated, Any, Final

import dagster as dg

from mlops_platform.components.landing.table import DatedRows, DeclaredTable
from mlops_platform.components.partitions import DailyPartitions
from mlops_platform.data.landing.landing import Arrival, Landed
from mlops_platform.errors import SpecError
from mlops_platform.settings import settings

NO_DAYS: Final = {"delivery": "replaces", "retracted": None, "without_time": "refuse"}
"""What is declared of rows that have no time."""


@dataclass(kw_only=True)
class DatabaseLandingComponent(DeclaredTable, DatedRows, dg.Component):
    """Lands rows of a table or view of SQLite, Postgres or a DuckDB file.

    With `time_column` each row lands on the local day of its time. Without it all rows are as the
    table stands on the day of its delivery, which `mlops land` does, or what is done before a
    training or a window of a model that reads it.

    .. code-block:: yaml

        type: mlops_platform.components.DatabaseLandingComponent
        attributes:
          table: orders
          description: Every order of the shop.
          url: "{{ env('SHOP_URL') }}"
          relation: orders
          time_column: ordered_at
          partitions: {start: "2024-01-01", end: "2030-01-01", timezone: Europe/Berlin}
          key: [order_id]
          types: {amount: DOUBLE}
          owners: ["team:shop"]
    """

    url: Annotated[
        str,
        dg.Resolver.default(
            description="As SQLAlchemy's; one with a password comes from the environment.",
            examples=["{{ env('SHOP_URL') }}", "sqlite:////data/shop.db", "duckdb:////data/a.db"],
        ),
    ]
    relation: Annotated[
        str,
        dg.Resolver.default(
            description="Table or view, with its schema where it is not the usual one.",
            examples=["orders", "sales.orders"],
        ),
    ]
    time_column: Annotated[
        str | None,
        dg.Resolver.default(description="Column with the time of a row; null where there is none."),
    ] = None
    partitions: Annotated[
        DailyPartitions | None,
        dg.Resolver.default(description="Days that land, where rows have a time."),
    ] = None
    timezone: Annotated[
        str,
        dg.Resolver.default(
            description=(
                "IANA zone of the day of a delivery, and of times without zone, where rows have no "
                "`time_column`."
            )
        ),
    ] = "UTC"

    def build_defs(self, context: dg.ComponentLoadContext) -> dg.Definitions:
        """One asset: by day where rows have a time, else of the day of its delivery."""
        if (self.time_column is None) != (self.partitions is None):
            raise SpecError(
                "time_column",
                self.time_column,
                "Rows that have a time have a `time_column` and `partitions` that say which days "
                "land; rows without time have neither.",
            )
        for name, value in NO_DAYS.items():
            if self.time_column is None and getattr(self, name) != value:
                raise SpecError(
                    name,
                    getattr(self, name),
                    "Rows without time stand for the whole table. Leave it out, or name a "
                    "`time_column`.",
                )
        return self.landed_asset(self._land, self.partitions, self.timezone)

    def _land(self, arrival: Arrival) -> Landed:
        from mlops_platform.data.databases.relation_source import RelationSource

        source = RelationSource(self.url, self.relation, self._declared())
        return source.land(settings().landing, arrival)

    def _declared(self) -> dict[str, Any]:
        if self.partitions is None:
            return {**self.declared_source(), "timezone": self.timezone}
        return {
            **self.declared_source(delivery=self.delivery, retracted=self.retracted),
            "timezone": self.partitions.timezone,
            "time_column": self.time_column,
            "without_time": self.without_time,
        }
