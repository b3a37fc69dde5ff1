"""What becomes of the purchases that come along."""

from pathlib import Path

import pyarrow.parquet as pq

from deploy.datasets.orders import TARGET, orders

PURCHASES = """\
 customer_id  date number_of_cds  dollar_value
 00002 19970712  1   12.00
 00001 19970101  1   11.77
 00002 19970712  5   77.00
"""


def test_what_is_bought_on_one_day_is_one_order(tmp_path: Path) -> None:
    file = tmp_path / "purchases.txt"
    file.write_text(PURCHASES)

    winter, summer = orders(file)

    assert (winter["order_id"], winter["discs"], winter["dollars"]) == ("00001-19970101", 1, 11.77)
    assert winter["ordered_at"].isoformat() == "1997-01-01T17:00:00+00:00"
    assert (summer["customer_id"], summer["discs"], summer["dollars"]) == ("00002", 6, 89.0)
    assert summer["ordered_at"].isoformat() == "1997-07-12T16:00:00+00:00"


def test_what_comes_along_is_as_large_as_its_licence_says() -> None:
    rows = pq.read_table(TARGET / "orders.parquet")

    licence = (TARGET / "LICENSE.md").read_text()
    customers = len(rows["customer_id"].unique())
    assert f"{rows.num_rows:,} orders of {customers:,} customers" in licence
    assert len(rows["order_id"].unique()) == rows.num_rows
