"""Ten deliveries of a day against one: what landing and building cost."""

from __future__ import annotations

import gc
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from statistics import median
from typing import TYPE_CHECKING

from benchmarks.processes import ROOT
from benchmarks.report import markdown_table, say
from mlops_platform.data.engine import private_duckdb
from mlops_platform.data.features.dbt import DbtProjectFolder, build
from mlops_platform.data.landing.landed_table import LandedTable
from mlops_platform.data.landing.landing import Arrival, land_day
from mlops_platform.data.landing.versions import versions_sql
from mlops_platform.data.parquet_files import parquet_files
from mlops_platform.demo.nycflights import FACTS, REFERENCES, NycFlights

if TYPE_CHECKING:
    import pyarrow as pa

DAYS = [date(2013, 3, 1) + timedelta(days=number) for number in range(42)]
LAST_WEEK = {"start_day": str(DAYS[-7]), "end_day": str(DAYS[-1])}
AT = datetime(2013, 4, 13, tzinfo=UTC)
TABLE = "flight_outcomes"
DELIVERIES = 10
SELECTED = ("+flight_features", "+flight_labels")
Deliver = Callable[["pa.Table"], Iterator["pa.Table"]]


def at_once(rows: pa.Table) -> Iterator[pa.Table]:
    """The whole day."""
    yield rows


def in_parts(rows: pa.Table) -> Iterator[pa.Table]:
    """A tenth after another, each beside what is there."""
    for number in range(DELIVERIES):
        start, end = (rows.num_rows * (number + add) // DELIVERIES for add in (0, 1))
        yield rows.slice(start, end - start)


def corrected(rows: pa.Table) -> Iterator[pa.Table]:
    """The whole day, and nine times again with another hundredth of it changed."""
    import pyarrow as pa

    yield rows
    at = rows.column_names.index("air_time_minutes")
    minutes = rows["air_time_minutes"].to_pylist()
    for number in range(1, DELIVERIES):
        for row in range(number, rows.num_rows, 100):
            minutes[row] = (minutes[row] or 0) + 1
        yield rows.set_column(at, "air_time_minutes", pa.array(minutes, rows.field(at).type))


@dataclass(frozen=True)
class Way:
    """A way in which days of outcomes are delivered."""

    meaning: str
    deliver: Deliver


WAYS: Mapping[str, Way] = {
    "one delivery": Way("replaces", at_once),
    "ten, each adds a tenth": Way("adds", in_parts),
    "ten, each corrects a hundredth": Way("replaces", corrected),
}


def measure_deliveries(repetitions: int) -> str:
    """The same six weeks of flights in each way, in turn."""
    with tempfile.TemporaryDirectory() as temporary:
        source = NycFlights(cache=Path(temporary) / "cache")
        lakes = {way: Path(temporary) / str(number) for number, way in enumerate(WAYS)}
        landing = {way: _land(source, lakes[way], WAYS[way]) for way in WAYS}
        reading: dict[str, list[float]] = {way: [] for way in WAYS}
        building: dict[str, list[float]] = {way: [] for way in WAYS}
        for way in WAYS:
            _build(lakes[way], {})
        for number in range(repetitions):
            say(f"repetition {number + 1} of {repetitions}")
            for way in WAYS:
                reading[way].append(_cpu_seconds(lambda way=way: _read(lakes[way])))
                building[way].append(_cpu_seconds(lambda way=way: _build(lakes[way], LAST_WEEK)))
    first = next(iter(WAYS))
    lines = []
    for way in WAYS:
        cells = [way]
        for seconds in (landing, _medians(reading), _medians(building)):
            cells += [f"{seconds[way]:.3f} s", f"{seconds[way] / seconds[first]:.2f}"]
        lines.append(cells)
    header = ["42 days of outcomes", "landing", "", "reading all versions", ""]
    return markdown_table([*header, "building the last week", ""], lines)


def _land(source: NycFlights, home: Path, way: Way) -> float:
    """Land everything; CPU seconds of landing the outcomes."""
    landing = home / "lake" / "landing"
    declared = FACTS[TABLE].model_copy(update={"delivery": way.meaning})
    for table in REFERENCES:
        source.land_reference(table, landing, Arrival.begun(landing, table, DAYS[:1], AT))
    source.land("flight_schedules", landing, Arrival.begun(landing, "flight_schedules", DAYS, AT))
    _land_weather(landing)
    days = _outcomes(source)
    return _cpu_seconds(lambda: _deliver(landing, declared, days, way.deliver))


def _land_weather(landing: Path) -> None:
    """Nothing is known of the weather: it is not what is measured."""
    import pyarrow as pa

    moments, numbers = pa.timestamp("us", "UTC"), pa.float64()
    names = ("temperature_f", "dew_point_f", "humidity_percent", "wind_direction_degrees")
    others = ("wind_speed_mph", "wind_gust_mph", "precipitation_inches", "pressure_millibars")
    fields = [(name, numbers) for name in (*names, *others, "visibility_miles")]
    schema = pa.schema([("origin", pa.string()), ("observed_at", moments), *fields])
    table = LandedTable(table="weather", key=("observed_at", "origin"), known_at="observed_at")
    arrival = Arrival.begun(landing, "weather", DAYS[:1], AT)
    land_day(landing, table, DAYS[0], schema.empty_table(), arrival)


def _outcomes(source: NycFlights) -> dict[date, pa.Table]:
    with tempfile.TemporaryDirectory() as temporary, private_duckdb() as connection:
        landing = Path(temporary)
        source.land(TABLE, landing, Arrival.begun(landing, TABLE, DAYS, AT))
        return {
            day: connection.sql(
                f"FROM {parquet_files(list(landing.glob(f'*/day={day}/*/data.parquet')))}"
            ).to_arrow_table()
            for day in DAYS
        }


def _deliver(
    landing: Path, table: LandedTable, days: Mapping[date, pa.Table], deliver: Deliver
) -> None:
    for day, rows in days.items():
        for number, delivered in enumerate(deliver(rows)):
            arrival = Arrival.begun(landing, TABLE, [day], AT + timedelta(hours=number))
            land_day(landing, table, day, delivered, arrival)


def _read(home: Path) -> None:
    with private_duckdb() as connection:
        query = versions_sql(home / "lake" / "landing" / TABLE)
        connection.execute(f"CREATE OR REPLACE TEMP TABLE versions AS {query}")


def _build(home: Path, days: Mapping[str, str]) -> None:
    project = DbtProjectFolder(
        folder=ROOT / "dbt_project",
        warehouse=home / "warehouse" / "warehouse.duckdb",
        lake=home / "lake",
        target=home / "dbt",
        variables=dict(days),
    )
    outcomes = build(project, SELECTED)
    failed = {outcome.unique_id for outcome in outcomes if outcome.status == "error"}
    if failed:
        raise RuntimeError(f"{failed} failed")


def _cpu_seconds(work: Callable[[], None]) -> float:
    gc.collect()
    started = time.process_time()
    work()
    return time.process_time() - started


def _medians(seconds: Mapping[str, list[float]]) -> dict[str, float]:
    return {way: median(runs) for way, runs in seconds.items()}
