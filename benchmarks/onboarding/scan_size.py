"""Benchmark of the scan: seconds and memory by the size of a file."""

from __future__ import annotations

import tempfile
from collections.abc import Sequence
from pathlib import Path

import duckdb

from benchmarks.processes import measured, python
from benchmarks.report import markdown_table, say

SIZES: Sequence[int] = (1_000_000, 10_000_000)
COLUMNS = """
    range AS id,
    TIMESTAMP '2020-01-01' + to_seconds(range * 9) AS created_at,
    TIMESTAMP '2020-01-01' + to_seconds(range * 9 + (random() * 86400)::INT) AS updated_at,
    (random() * 200000)::INT AS customer,
    'city ' || (random() * 500)::INT AS city,
    ['red', 'green', 'blue', 'unknown'][1 + (random() * 3)::INT] AS colour,
    round(random() * 1000, 2) AS amount,
    CASE WHEN random() < 0.05 THEN -999 ELSE (random() * 80)::INT END AS age,
    random() < 0.1 AS is_late,
    round(random(), 6) AS score,
    md5(range::VARCHAR) AS token,
    CASE WHEN random() < 0.1 THEN 'NA' ELSE (random() * 50)::INT::VARCHAR END AS pieces,
    (random() * 100000)::INT AS part,
    (random() * 1000000)::INT AS lot,
    1 AS version
"""
"""With an id, two times, values in disguise, a text that means NULL, and a constant."""


def measure_scan(sizes: Sequence[int]) -> str:
    """Seconds, CPU seconds and peak memory by size, as Markdown."""
    rows = []
    with tempfile.TemporaryDirectory() as folder:
        for size in sizes:
            for ending, options in (("csv", "FORMAT csv"), ("parquet", "FORMAT parquet")):
                file = Path(folder) / f"table.{ending}"
                _write(file, size, options)
                command = python("-m", "benchmarks.onboarding.scan_once", str(file))
                usage = measured(command, {"MLOPS_HOME": folder}, Path(folder) / "log.txt")
                rows.append(
                    [
                        f"{size:,} rows, {ending}",
                        f"{file.stat().st_size / 1e6:,.0f}",
                        f"{usage.wall_seconds:.1f}",
                        f"{usage.cpu_seconds:.1f}",
                        f"{usage.peak_bytes / 1e6:,.0f}",
                    ]
                )
                say(" ".join(rows[-1]))
                file.unlink()
    return markdown_table(
        ["15 columns", "MB of the file", "seconds", "CPU seconds", "peak MB"], rows
    )


def _write(file: Path, size: int, options: str) -> None:
    with duckdb.connect() as connection:
        connection.execute("SET memory_limit = '1GB'; SELECT setseed(0.5)")
        connection.execute(f"COPY (SELECT {COLUMNS} FROM range({size})) TO '{file}' ({options})")
