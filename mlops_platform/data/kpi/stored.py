"""The KPI of a window by version and decision, as a small table of the lake."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from pathlib import Path
from typing import Any

from mlops_platform.files import replacing_file


def kpi_file(root: Path, model: str, window: str) -> Path:
    """Where the figures of one window are."""
    return root / model / f"window={window}" / "data.parquet"


def write_kpi(path: Path, rows: Sequence[dict[str, Any]], as_of: datetime) -> None:
    """Write the figures of one window, whole or not at all; the ones of before are replaced.

    Args:
        rows: the fields of each figure.
        as_of: moment whose knowledge they hold.
    """
    import pyarrow as pa
    import pyarrow.parquet as pq

    text, count, number = pa.string(), pa.int64(), pa.float64()
    schema = pa.schema(
        [
            ("column", text),
            ("unit", text),
            ("version", count),
            ("decision", text),
            ("rows", count),
            ("known", count),
            ("total", number),
            ("mean", number),
            ("lower", number),
            ("upper", number),
            ("as_of", pa.timestamp("us", tz="UTC")),
        ]
    )
    with replacing_file(path) as temporary:
        table = pa.Table.from_pylist([{**row, "as_of": as_of} for row in rows], schema)
        pq.write_table(table, temporary, compression="zstd")
