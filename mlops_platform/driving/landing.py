"""One table landed in this process: days that are missing, or days that are delivered again."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from pathlib import Path

import dagster as dg

from mlops_platform.components.landing.jobs import LAND_SNAPSHOTS, daily_landings
from mlops_platform.components.landing.landing_asset import LANDING, LEFT_OUT
from mlops_platform.data.features.stretches import contiguous
from mlops_platform.data.landing.deliveries import (
    DELIVERY,
    PARTITION_COLUMN,
    Delivery,
    is_landed,
    read_delivery,
)
from mlops_platform.driving.driver import JobDriver, day_range, run_config
from mlops_platform.driving.missing import ended_days
from mlops_platform.driving.phases import Display, timed_phase
from mlops_platform.errors import SpecError

Days = tuple[date | None, date | None]
"""First and last day that somebody names."""


@dataclass(frozen=True)
class TableLanding:
    """Lands days of one table.

    Args:
        landing_root: where its deliveries are.
        now: by the machine's clock: no day lands before it has ended.
    """

    driver: JobDriver
    display: Display
    landing_root: Path
    now: datetime
    actor: str

    def days(self, table: str, named: Days) -> list[date] | None:
        """Days to land: those that are named, else those that lack; None of a dated snapshot.

        Raises:
            SpecError: nothing lands this table, or the days are none that have ended.
        """
        graph = self.driver.definitions.get_repository_def().asset_graph
        tables = sorted(
            key.path[-1]
            for key in graph.get_all_asset_keys()
            if key.path[0] == LANDING and graph.get(key).is_materializable
        )
        if table not in tables:
            raise SpecError("table", table, f"Landed tables are {tables}.")
        first, last = named
        partitions = graph.get(_key(table)).partitions_def
        if partitions is None:
            if named != (None, None):
                raise SpecError(
                    "--from, --to", _told(named), f"{table} is a dated snapshot: leave them out."
                )
            return None
        ended = ended_days(partitions, self.now)
        if named == (None, None):
            return [day for day in ended if not is_landed(self.landing_root, table, day)]
        days = [day for day in ended if (first or day) <= day <= (last or day)]
        outside = {day for day in named if day is not None and day not in days}
        if outside or not days:
            known = f"{ended[0]} to {ended[-1]}" if ended else "none yet"
            raise SpecError(
                "--from, --to", _told(named), f"Days of {table} that have ended are {known}."
            )
        return days

    def land(self, table: str, days: Sequence[date] | None, *, retract: bool) -> list[Delivery]:
        """Land days, or the snapshot where None; returns what was a delivery, in order.

        Raises:
            MlopsError: the run failed; days before the one that it names have landed.
        """
        before = self._deliveries(table)
        op = self.driver.definitions.resolve_assets_def(_key(table)).op.name
        config = run_config(op, {"retract": retract})
        job = LAND_SNAPSHOTS if days is None else self._job(table)
        stretches = [None] if days is None else contiguous(days)
        for stretch in stretches:
            with timed_phase(self.display, f"land {table}") as report:
                self.driver.run(
                    job,
                    config=config,
                    tags={"user": self.actor, **(day_range(stretch) if stretch else {})},
                    assets=[_key(table)],
                    report=report,
                )
        return [read_delivery(folder) for folder in sorted(self._deliveries(table) - before)]

    def _job(self, table: str) -> str:
        landings = daily_landings(self.driver.definitions)
        return next(landing.job for landing in landings if _key(table) in landing.keys)

    def left_out(self, table: str) -> list[str]:
        """What the last landing told of rows that it did not land."""
        [record] = self.driver.instance.fetch_materializations(_key(table), limit=1).records
        materialization = record.asset_materialization
        left_out = materialization.metadata[LEFT_OUT].value if materialization else "none"
        return [] if left_out == "none" else str(left_out).splitlines()

    def _deliveries(self, table: str) -> set[Path]:
        folder = self.landing_root / table
        return set(folder.glob(f"{PARTITION_COLUMN}=*/{DELIVERY}=*"))


def _key(table: str) -> dg.AssetKey:
    return dg.AssetKey([LANDING, table])


def _told(named: Days) -> str:
    return " to ".join(str(day) for day in named if day is not None)
