"""Makes `orders.parquet` of the shop domain from the package lifetimes 0.11.3.

    pip download lifetimes==0.11.3 --no-deps && unzip Lifetimes-0.11.3-*.whl 'lifetimes/datasets/*'
    python -m deploy.datasets.orders lifetimes/datasets/CDNOW_master.txt

What a customer bought on one day is one order: the file has no times of day.
"""

import sys
from collections import defaultdict
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Final
from zoneinfo import ZoneInfo

from mlops_platform.settings import PROJECT_ROOT

TARGET: Final = PROJECT_ROOT / "mlops_platform" / "defs" / "shop" / "data"
ZONE: Final = ZoneInfo("America/New_York")
HOUR: Final = 12
"""Nobody wrote it down: assumed."""


def orders(file: Path) -> Iterator[dict[str, Any]]:
    """Every order, by day and customer: how many compact discs, and for how many dollars."""
    items: dict[tuple[str, str], list[tuple[int, float]]] = defaultdict(list)
    for line in file.read_text().splitlines()[1:]:
        customer, day, discs, dollars = line.split()
        items[day, customer].append((int(discs), float(dollars)))
    for (day, customer), bought in sorted(items.items()):
        local = datetime.strptime(day, "%Y%m%d").replace(hour=HOUR, tzinfo=ZONE)
        yield {
            "order_id": f"{customer}-{day}",
            "customer_id": customer,
            "ordered_at": local.astimezone(UTC),
            "discs": sum(discs for discs, _ in bought),
            "dollars": round(sum(dollars for _, dollars in bought), 2),
        }


def write(file: Path) -> None:
    """Write the Parquet."""
    import pyarrow as pa
    import pyarrow.parquet as pq

    rows = list(orders(file))
    types = [pa.string(), pa.string(), pa.timestamp("us", tz="UTC"), pa.int64(), pa.float64()]
    table = pa.Table.from_pylist(rows, pa.schema(list(zip(rows[0], types, strict=True))))
    pq.write_table(table, TARGET / "orders.parquet", compression="zstd", compression_level=19)


if __name__ == "__main__":
    write(Path(sys.argv[1]))
