"""A table of orders in which only what a test puts in is wrong."""

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

from mlops_platform.data.profiling.scan import ScannedTable, scan_files
from mlops_platform.usecases.leakage.question import Question

ROWS = 800
CLASSES = {"type": "binary_classification"}
NUMBERS = {"type": "regression"}


@pytest.fixture
def orders() -> pd.DataFrame:
    """Late or not, at a price, four an hour over some nine days; nothing tells too much."""
    generator = np.random.default_rng(11)
    weight = np.round(generator.lognormal(1, 0.5, ROWS), 2)
    shop = generator.choice(["north", "south", "east"], ROWS)
    hours = np.round(generator.gamma(2, 4, ROWS) + weight + 3 * (shop == "east"), 2)
    return pd.DataFrame(
        {
            "ordered_at": pd.Timestamp("2024-03-01")
            + pd.to_timedelta(np.arange(ROWS) * 900, unit="s"),
            "weight": weight,
            "shop": shop,
            "pieces": generator.poisson(3, ROWS),
            "hours": hours,
            "late": hours > 13,
        }
    )


@pytest.fixture
def scanned(tmp_path: Path) -> Iterator[Callable[[pd.DataFrame], ScannedTable]]:
    """Scan a frame as a file; closed after the test."""
    tables: list[ScannedTable] = []

    def scan(frame: pd.DataFrame) -> ScannedTable:
        file = tmp_path / f"{len(tables)}.csv"
        frame.to_csv(file, index=False)
        tables.append(scan_files([file]))
        return tables[-1]

    yield scan
    for table in tables:
        table.close()


def asked(**changed: Any) -> Question:
    """Whether an order will be late."""
    usual: dict[str, Any] = {
        "label": "late",
        "time": "ordered_at",
        "task": CLASSES,
        "dropped": ("hours",),
    }
    return Question(**{**usual, **changed})
