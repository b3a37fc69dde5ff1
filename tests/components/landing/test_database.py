"""A table of a database as a Dagster asset, by day and as it stands."""

import sqlite3
from collections.abc import Mapping
from contextlib import closing
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

import dagster as dg
import pytest

from mlops_platform.components import DatabaseLandingComponent
from mlops_platform.components.replays import REPLAYED_TAG
from mlops_platform.data.landing.contract import landed_types
from mlops_platform.data.landing.deliveries import is_landed, landed_rows
from mlops_platform.settings import Settings
from tests.components.landing.declared import declared_landing

DAYS = {
    "time_column": "at",
    "partitions": {"start": "2024-03-10", "end": "2024-03-13", "timezone": "America/New_York"},
}
TENTH, ELEVENTH = date(2024, 3, 10), date(2024, 3, 11)


@pytest.fixture
def shop(tmp_path: Path) -> Path:
    """A database with orders before, on and after the tenth in New York."""
    file = tmp_path / "shop.db"
    write(
        file,
        "CREATE TABLE orders (id INTEGER, at TIMESTAMP, amount DECIMAL(10,2), paid BOOLEAN)",
        "INSERT INTO orders VALUES (1, '2024-03-09 23:59:00', 1.5, 1), "
        "(2, '2024-03-10 00:00:00', 2, 0), (3, '2024-03-10 23:59:00', 3, NULL), "
        "(4, '2024-03-11 00:00:00', 4, 1)",
    )
    return file


def write(file: Path, *statements: str) -> None:
    with closing(sqlite3.connect(file)) as connection, connection:
        connection.executescript(";".join(statements))


def land(file: Path, day: date | None, **declared: Any) -> dg.ExecuteInProcessResult:
    """Materialise the asset that the YAML declares, of one day where it has days."""
    replayed = declared.pop("replayed", None)
    attributes = {
        "table": "orders",
        "description": "Orders.",
        "url": f"sqlite:///{file}",
        "relation": "orders",
        "key": ["id"],
        "owners": ["team:me"],
        **declared,
    }
    with declared_landing(DatabaseLandingComponent, attributes) as asset:
        return dg.materialize(
            [asset],
            partition_key=str(day) if day else None,
            tags={REPLAYED_TAG: replayed.isoformat()} if replayed else None,
            raise_on_error=False,
        )


def failure_of(result: dg.ExecuteInProcessResult) -> str:
    (failure,) = result.get_step_failure_events()
    return str(failure.step_failure_data.error)


def metadata(result: dg.ExecuteInProcessResult) -> Mapping[str, Any]:
    (event,) = result.get_asset_materialization_events()
    return {name: value.value for name, value in event.materialization.metadata.items()}


def test_rows_land_on_the_local_day_of_their_time(home: Settings, shop: Path) -> None:
    first = metadata(land(shop, TENTH, **DAYS))
    assert (first["dagster/row_count"], first["left_out"]) == (2, "none")
    assert not is_landed(home.landing, "orders", ELEVENTH)
    assert landed_types(home.landing / "orders") == {
        "id": "BIGINT",
        "at": "TIMESTAMP WITH TIME ZONE",
        "amount": "DOUBLE",
        "paid": "BOOLEAN",
    }
    write(shop, "UPDATE orders SET amount = 9 WHERE id = 3")
    again = metadata(land(shop, TENTH, **DAYS))
    assert [again[f"rows_{what}"] for what in ("added", "changed", "gone")] == [0, 1, 0]
    assert not list(home.spill.glob("*"))


def test_a_table_without_time_is_as_it_stands_on_the_day_of_its_delivery(
    home: Settings, shop: Path
) -> None:
    declared = {"timezone": "America/New_York", "columns": {"id": "id", "price": "amount"}}
    # At three it is still the tenth in New York.
    assert land(shop, None, **declared, replayed=datetime(2024, 3, 11, 3, tzinfo=UTC)).success
    assert landed_rows(home.landing, "orders", TENTH) == 4
    assert landed_types(home.landing / "orders") == {"id": "BIGINT", "price": "DOUBLE"}


def test_nothing_is_left_of_what_failed_and_the_relation_is_named(
    home: Settings, shop: Path
) -> None:
    refused = failure_of(land(shop, TENTH, **DAYS, types={"amount": "INTEGER", "id": "BOOLEAN"}))
    assert f"orders of sqlite:///{shop}, row 2, column 'id': '2' is no BOOLEAN" in refused
    assert "null_values" not in refused
    assert not list(home.spill.glob("*"))
    assert not list(home.landing.rglob("*.parquet"))


def test_equal_rows_and_rows_without_time_are_declared_as_those_of_files(
    home: Settings, shop: Path
) -> None:
    write(
        shop,
        "INSERT INTO orders SELECT * FROM orders WHERE id = 2",
        "INSERT INTO orders VALUES (5, NULL, 1, 1)",
    )
    assert "there is no time (in 1 rows)" in failure_of(land(shop, TENTH, **DAYS))
    declared = {"without_time": "leave_out", "duplicates": "drop"}
    landed = metadata(land(shop, TENTH, **DAYS, **declared))
    assert (landed["dagster/row_count"], landed["duplicate_rows"]) == (2, 1)
    assert landed["left_out"].startswith("1 row without time")


def test_the_address_comes_from_the_environment(
    home: Settings, shop: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SHOP_URL", f"sqlite:///{shop}")
    assert land(shop, TENTH, **DAYS, url="{{ env.SHOP_URL }}").success
    assert landed_rows(home.landing, "orders", TENTH) == 2


@pytest.mark.parametrize(
    ("declared", "reads"),
    [
        ({"time_column": "at"}, "time_column: 'at' is not usable. Rows that have a time have"),
        ({"partitions": DAYS["partitions"]}, "time_column: None is not usable. Rows that have"),
        ({"delivery": "adds"}, "delivery: 'adds' is not usable. Rows without time stand for"),
        ({"without_time": "leave_out"}, "without_time: 'leave_out' is not usable."),
    ],
)
def test_what_is_declared_of_times_belongs_together(
    home: Settings, shop: Path, declared: dict[str, Any], reads: str
) -> None:
    with pytest.raises(Exception, match="Error while building") as raised:
        land(shop, TENTH, **declared)
    assert str(raised.value.__cause__).startswith(reads)
