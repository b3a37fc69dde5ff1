"""One bounded scan of files: types, times, keys, what is missing, and how their text is written."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from mlops_platform.data.profiling.scanned_table import ScannedTable as ScannedTable


def scan_files(paths: Sequence[Path], *, timezone: str = "UTC") -> ScannedTable:
    """Scan files of one table, of any size, within the memory limit of an engine.

    Args:
        paths: CSV (.csv, .csv.gz, .csv.zst) or Parquet files, or folders of such.
        timezone: IANA zone in which times without one are read.

    Raises:
        DataError: there is no file, they are of two kinds, or one cannot be read.
    """
    raise NotImplementedError
