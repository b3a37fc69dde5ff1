"""Orders of a shop, landed and built: what each row says is what a customer had done, and did."""

from __future__ import annotations

from datetime import UTC, date, datetime, time, timedelta
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd
import pytest

from mlops_platform.data.landing.folder_source import FolderSource
from mlops_platform.data.landing.landed_table import LandedTable
from mlops_platform.data.landing.landing import Arrival
from mlops_platform.settings import PROJECT_ROOT
from tests.dbt_project.conftest import Deployment, days_of
from tests.homes.stamped import write_stamp

if TYPE_CHECKING:
    from pathlib import Path

    from dbt.contracts.graph.manifest import Manifest

pytestmark = pytest.mark.slow
DATA = PROJECT_ROOT / "mlops_platform" / "defs" / "shop" / "data"
SPRING = (date(1997, 3, 20), date(1997, 5, 10))
HORIZON = timedelta(days=28)
KEY = ["order_id", "customer_id", "ordered_at"]


@pytest.fixture(scope="module")
def shop(tmp_path_factory: pytest.TempPathFactory, parsed: tuple[Manifest, Path]) -> Deployment:
    """Seven weeks of orders, landed, built and tested; to be read only."""
    deployment = Deployment(tmp_path_factory.mktemp("shop"), parsed[0])
    write_stamp(deployment.home)
    landing, days = deployment.lake / "landing", days_of(SPRING)
    at = datetime.combine(SPRING[1] + timedelta(days=1), time(5), UTC)
    for table, figure in (("orders", "discs"), ("invoices", "dollars")):
        source = FolderSource(
            landed=LandedTable(table=table, key=("order_id",), known_at="ordered_at"),
            folder=DATA,
            pattern="orders.parquet",
            time_column="ordered_at",
            timezone="America/New_York",
            columns={name: name for name in (*KEY, figure)},
        )
        source.land(landing, Arrival.begun(landing, table, days, at))
    deployment.build_models(SPRING, "--select", "path:models/shop")
    return deployment


@pytest.fixture(scope="module")
def orders() -> pd.DataFrame:
    """All that was ordered in these days."""
    rows = pd.read_parquet(DATA / "orders.parquet")
    rows["day"] = rows["ordered_at"].dt.tz_convert("America/New_York").dt.date
    return rows[(rows["day"] >= SPRING[0]) & (rows["day"] <= SPRING[1])]


def test_what_is_promised_of_its_tables_holds(shop: Deployment) -> None:
    results = shop.dbt("test", "--select", "path:models/shop", days=SPRING)
    assert {str(result.status) for result in results.values()} == {"pass"}, results
    assert {"what_a_customer_spends_in_four_weeks_is_counted"} <= results.keys()


def test_an_order_knows_what_its_customer_had_ordered(
    shop: Deployment, orders: pd.DataFrame
) -> None:
    built = shop.query("SELECT * FROM order_features").set_index("order_id").sort_index()
    assert len(built) == len(orders)
    ordered = orders.sort_values(["customer_id", "day"])
    by_customer = ordered.groupby("customer_id")
    expected = pd.DataFrame(
        {
            "order_id": ordered["order_id"],
            "orders_26w": by_customer.cumcount() + 1.0,
            "dollars_26w": by_customer["dollars"].cumsum(),
            "days_since_previous": by_customer["ordered_at"].diff().dt.round("D").dt.days,
        }
    )
    expected = expected.set_index("order_id").sort_index()
    for name in expected:
        np.testing.assert_allclose(built[name].astype(float), expected[name], err_msg=name)


def test_an_outcome_is_that_of_the_four_weeks_after_an_order(
    shop: Deployment, orders: pd.DataFrame
) -> None:
    labels = shop.query("SELECT * FROM order_labels").set_index("order_id").sort_index()
    revenue = shop.query("SELECT * FROM order_revenue").set_index("order_id").sort_index()
    due = orders[orders["day"] <= SPRING[1] - HORIZON].set_index("order_id").sort_index()
    pairs = due.reset_index().merge(orders, on="customer_id", suffixes=("", "_after"))
    within = (pairs["day_after"] > pairs["day"]) & (pairs["day_after"] <= pairs["day"] + HORIZON)
    spent = pairs[within].groupby("order_id")["dollars_after"].sum()

    assert list(labels.index) == list(revenue.index) == list(due.index)
    np.testing.assert_allclose(revenue["dollars_after"], spent.reindex(due.index).fillna(0.0))
    assert labels["has_lapsed"].tolist() == [key not in spent.index for key in due.index]
    assert 0.5 < labels["has_lapsed"].mean() < 0.8
    local = labels["known_at"].dt.tz_convert("America/New_York")
    assert (local.dt.date == due["day"] + HORIZON + timedelta(days=1)).all()
    assert set(local.dt.hour) == {0}
