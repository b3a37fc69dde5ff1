"""Which days a delivery touches, where the columns of a key have moved."""

from datetime import date
from pathlib import Path

from mlops_platform.data.features.seen import News
from mlops_platform.data.features.touched import touched_days
from mlops_platform.data.landing.deliveries import delivery_name
from mlops_platform.data.landing.landed_table import LandedTable
from tests.data.landing.landed import NOON, landed, minutes, table_of

DAY, NEXT, LAST = (date(2024, 3, day) for day in (1, 12, 24))
VISITS = LandedTable(table="visits", key=("id",), max_gone=1)
RENAMED = LandedTable(
    table="visits",
    key=("visit", "copy"),
    max_gone=1,
    renamed={"visit": "id"},
    duplicates="number",
    numbered_by="copy",
)


def test_a_fact_is_found_elsewhere_under_each_name_of_its_key(tmp_path: Path) -> None:
    landed(tmp_path, "bills", LAST, table_of(id=[7], price=[1.5]))
    landed(tmp_path, VISITS, DAY, table_of(id=["7", "8"]))
    landed(tmp_path, RENAMED, NEXT, table_of(visit=["7", "7"]), minutes(1))
    news = News("visits", NEXT, delivery_name(minutes(1)), "arrived")
    touched = touched_days(tmp_path, [news])[news]
    assert {DAY, NEXT, LAST} <= touched.days
    assert touched.added == 2
    # And the other way round: the other table has the old name.
    bills = News("bills", LAST, delivery_name(NOON), "arrived")
    assert {DAY, NEXT, LAST} <= touched_days(tmp_path, [bills])[bills].days
