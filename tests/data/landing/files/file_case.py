"""Files that somebody delivers, and what becomes of them: the cases of `docs/refusals.md`."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest

from mlops_platform.data.landing.folder_source import FolderSource
from mlops_platform.data.landing.landed_table import LandedTable
from mlops_platform.data.parquet import read_parquet, write_parquet
from mlops_platform.errors import DataError
from tests.data.landing.landed import begun, first_file
from tests.documents.cases import Case

DAY = date(2024, 3, 10)
Content = bytes | str | pa.Table


@dataclass(frozen=True)
class FileCase:
    """A case, and what shows it.

    Args:
        files: by name; text has the columns `id`, `at` and `value` unless it begins with another
            header.
        declared: of the source or its table, where it is not the usual.
        lands: values of the landed rows by their key; None where the files are refused.
        told: `reads` is what a landing tells, and no error.
    """

    case: Case
    files: Mapping[str, Content]
    declared: Mapping[str, Any] = field(default_factory=dict)
    lands: Mapping[str, Any] | None = None
    told: bool = False


def row(value: str, name: str = "a", at: str = "2024-03-10 12:00") -> str:
    return f"{name},{at},{value}\n"


def csv(*values: str, header: str = "id,at,value\n") -> str:
    return header + "".join(row(value, name) for value, name in zip(values, "abc", strict=False))


def typed(kind: str, **declared: Any) -> dict[str, Any]:
    return {"casts": {"value": kind}, **declared}


def check_case(given: FileCase, tmp_path: Path) -> None:
    """Land the files, or fail to, as the case has it."""
    folder = tmp_path / "delivered"
    folder.mkdir()
    for name, content in given.files.items():
        if isinstance(content, pa.Table):
            write_parquet(content, folder / name)
        else:
            (folder / name).write_bytes(content.encode() if isinstance(content, str) else content)
    declared = dict(given.declared)
    day = declared.pop("day", DAY)
    of_table = {name: declared.pop(name) for name in LandedTable.model_fields if name in declared}
    source = FolderSource(
        landed=LandedTable(**{"table": "visits", "key": ("id",), **of_table}),
        folder=folder,
        pattern="*",
        time_column="at",
        **{"timezone": "UTC", **declared},
    )
    landing = tmp_path / "landing"
    arrival = begun(landing, "visits", [day], datetime(2024, 12, 1, tzinfo=UTC))
    if given.lands is None:
        with pytest.raises(DataError) as refused:
            source.land(landing, arrival)
        assert given.case.reads in str(refused.value)
        assert given.case.reads
        assert not list(landing.rglob("*.parquet"))
        return
    told = source.land(landing, arrival).left_out
    rows = read_parquet(first_file(landing, "visits", day)).to_pylist()
    assert {row["id"]: row["value"] for row in rows} == given.lands
    assert any(given.case.reads in text for text in told) == given.told
