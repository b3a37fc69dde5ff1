"""Column lineage is read from compiled SQL, of files, macros, tables, CTEs and stars."""

from pathlib import Path
from typing import Any

import pytest

from mlops_platform.data.features.column_lineage import column_lineage

FLIGHTS, WEATHER, PLANES, CLEAN, JOINED = (
    "source.shop.landing.flights",
    "source.shop.landing.weather",
    "source.shop.landing.planes",
    "model.shop.clean",
    "model.shop.joined",
)
SQL = {
    "clean": """
        with source as (select * from read_landing('flights'))
        select
            flight, day as landed_on, upper(carrier) as carrier, nullif(source.alter, -999) as alter
        from source
    """,
    "joined": """
        with counts as (
            select carrier, count(*) as flights from "warehouse"."main"."clean" group by all
        )
        select c.*, counts.flights, w.wind / 2 + c.landed_on::int + p.seats as strange
        from "warehouse"."main"."clean" as c
        join counts using (carrier)
        asof join read_landing('weather') as w on c.landed_on >= w.moment
        join 'landing/planes.parquet' as p on p.plane = c.flight
    """,
}


def _relation(name: str, columns: str, *parents: str) -> dict[str, Any]:
    return {
        "resource_type": "model" if name.startswith('"') else "source",
        "relation_name": name,
        "package_name": "shop",
        "original_file_path": f"models/{name.split('.')[-1].strip(chr(34))}.sql",
        "columns": {column: {} for column in columns.split()},
        "depends_on": {"nodes": list(parents)},
    }


@pytest.fixture
def manifest() -> dict[str, Any]:
    return {
        "sources": {
            FLIGHTS: _relation("read_landing('flights')", "flight carrier day alter"),
            WEATHER: _relation("read_landing('weather')", "moment wind"),
            PLANES: _relation("'landing/planes.parquet'", "plane seats"),
        },
        "nodes": {
            CLEAN: _relation(
                '"warehouse"."main"."clean"', "flight landed_on carrier alter", FLIGHTS
            ),
            JOINED: _relation(
                '"warehouse"."main"."joined"',
                "flight landed_on carrier flights strange",
                *(CLEAN, WEATHER, PLANES, "macro.that.is.no.relation"),
            ),
            "test.shop.unique": {"resource_type": "test"},
        },
    }


def test_each_column_names_the_columns_that_it_is_made_from(
    manifest: dict[str, Any], tmp_path: Path
) -> None:
    (tmp_path / "shop" / "models").mkdir(parents=True)
    for name, sql in SQL.items():
        (tmp_path / "shop" / "models" / f"{name}.sql").write_text(sql)

    found = column_lineage(manifest, tmp_path)

    assert found == {
        CLEAN: {
            "flight": [(FLIGHTS, "flight")],
            "landed_on": [(FLIGHTS, "day")],
            "carrier": [(FLIGHTS, "carrier")],
            # For sqlglot it begins a statement.
            "alter": [(FLIGHTS, "alter")],
        },
        JOINED: {
            "flight": [(CLEAN, "flight")],
            "landed_on": [(CLEAN, "landed_on")],
            "carrier": [(CLEAN, "carrier")],
            "flights": [],
            "strange": [(CLEAN, "landed_on"), (PLANES, "seats"), (WEATHER, "wind")],
        },
    }
