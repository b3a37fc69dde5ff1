"""Files as somebody brings them, and what a scan says of them."""

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from mlops_platform.data.profiling.profile import TableProfile
from mlops_platform.data.profiling.scan import ScannedTable, scan_files

Profiled = Callable[..., TableProfile]


@pytest.fixture
def scanned(tmp_path: Path) -> Iterator[Callable[..., ScannedTable]]:
    """Scan a file of some text or bytes; closed after the test."""
    tables: list[ScannedTable] = []

    def scan(content: str | bytes, name: str = "table.csv", **options: Any) -> ScannedTable:
        file = tmp_path / name
        file.write_bytes(content.encode() if isinstance(content, str) else content)
        tables.append(scan_files([file], **options))
        return tables[-1]

    yield scan
    for table in tables:
        table.close()


@pytest.fixture
def profiled(scanned: Callable[..., ScannedTable]) -> Profiled:
    """The profile of such a file."""
    return lambda *arguments, **options: scanned(*arguments, **options).profile
