"""Publishing: changed partitions of a warehouse table become Parquet that everybody may read.

The manifest beside a published table never claims more than what is on disk: partitions that are
about to change leave it first and come back when they are written. So whatever a crash leaves
behind, the next run heals. Exactly the files that it names are read: what lies beside them, or
without it, was put there by somebody else and is refused.
"""

from __future__ import annotations

import hashlib
import json
import shutil
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from contextlib import suppress
from datetime import date
from functools import lru_cache
from itertools import groupby
from operator import itemgetter
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final, Literal

from pydantic import Field, ValidationError

from mlops_platform.data.engine import identifier, private_duckdb
from mlops_platform.data.features.warehouse import PartitionState, WarehouseTable, warehouse_table
from mlops_platform.data.parquet import stream_parquet
from mlops_platform.data.parquet_files import partitioned_parquet
from mlops_platform.errors import DataError
from mlops_platform.files import FileState, sha256_of_file, write_text
from mlops_platform.record import Record, left_out_where_empty

if TYPE_CHECKING:
    from mlops_platform.spec import FeaturesSpec

_HEAL = "The job `build_features` publishes it anew, from the warehouse."
FILE: Final = "data.parquet"
"""Of each partition; there is no other."""
MANIFESTS_KEPT = 32
"""Manifests that a process keeps: at every tick all models ask for those of the same few tables."""


class Manifest(Record):
    """What is published of one table.

    Args:
        files: SHA-256 of the file of each partition; those that were published before it was kept
            have none until they are published again.
        writing: partitions that are being written or removed: of them nothing is claimed.
    """

    partition_column: str
    partitions: Mapping[date, PartitionState] = {}
    files: Mapping[date, str] = Field(default={}, exclude_if=left_out_where_empty)
    writing: tuple[date, ...] = Field(default=(), exclude_if=left_out_where_empty)

    @property
    def days(self) -> frozenset[date]:
        """Every partition that may have a file."""
        return frozenset({*self.partitions, *self.writing})

    @property
    def rows(self) -> int:
        """Published rows."""
        return sum(state.rows for state in self.partitions.values())

    @property
    def digest(self) -> str:
        """SHA-256 over all partitions; it changes exactly when one of them does."""
        return self.digest_of(self.partitions)

    def digest_of(self, days: Iterable[date]) -> str:
        """SHA-256 over some partitions; days that are not published count as absent."""
        states = {
            day.isoformat(): self.partitions[day].digest for day in days if day in self.partitions
        }
        return hashlib.sha256(json.dumps(states, sort_keys=True).encode()).hexdigest()


class PublishedTable(Record):
    """What one publishing did, and the rows and digest of what is published since.

    Args:
        healed: partitions whose file was damaged or not yet known, and that were written anew.
        foreign: files beside them that nobody had published, and that were deleted.
    """

    table: str
    changed: tuple[date, ...]
    healed: tuple[date, ...] = ()
    unchanged: int
    removed: tuple[date, ...]
    foreign: tuple[str, ...] = ()
    rows: int
    digest: str


def publish_table(
    warehouse: Path,
    table: str,
    partition_column: str,
    published_root: Path,
    order_by: Sequence[str],
    schema: str = "main",
) -> PublishedTable:
    """Publish what changed of one table since it was last published.

    Args:
        warehouse: DuckDB file, opened read-only while this runs.
        partition_column: DATE column of the table; it names the folders and is not in the files.
        order_by: columns that identify a row within a partition; files are ordered by them.

    Raises:
        DataError: the warehouse cannot be read, or the table lacks a column or a partition.
    """
    folder, column = published_root / table, partition_column
    with warehouse_table(warehouse, schema, table, column, order_by) as source:
        target = Manifest(partition_column=column, partitions=source.partitions())
        before = _published(folder, column)
        changed, removed = _differences(before, target, folder)
        kept = target.partitions.keys() - changed
        healed = tuple(sorted(kept - {*intact_days(folder, before, kept)}))
        if changed or healed or removed:
            _withdraw_claims(before, {*changed, *healed, *removed}, folder)
            if changed or healed:
                _write_partitions(source, [*changed, *healed], folder)
            for day in removed:
                shutil.rmtree(_partition_file(folder, column, day).parent)
        written = _digests(folder, column, {*changed, *healed})
        known = {day: before.files[day] for day in kept if day not in written}
        files = dict(sorted({**known, **written}.items()))  # the same text for the same files
        _write_manifest(target.model_copy(update={"files": files}), folder)
        foreign = foreign_files(folder, target)
        _delete(foreign, folder)
    return PublishedTable(
        table=table,
        changed=changed,
        healed=healed,
        unchanged=len(kept),
        removed=removed,
        foreign=tuple(file.relative_to(folder).as_posix() for file in foreign),
        rows=target.rows,
        digest=target.digest,
    )


def read_manifest(published_root: Path, table: str) -> Manifest:
    """Read what is published of `table`.

    Raises:
        DataError: the table was never published, or its manifest was damaged.
    """
    path = _manifest_file(published_root / table)
    try:
        return _read_manifest(FileState.of(path))
    except (FileNotFoundError, ValidationError) as error:
        raise DataError(f"{path} is missing or damaged. Publish {table} again.") from error


@lru_cache(maxsize=MANIFESTS_KEPT)
def _read_manifest(file: FileState) -> Manifest:
    return Manifest.from_stored(Path(file.path).read_bytes())


def published_digest(published_root: Path, table: str) -> str:
    """Digest of what is published of `table`, as the last `publish_table` returned it."""
    return read_manifest(published_root, table).digest


def published_days(published_root: Path, table: str) -> frozenset[date]:
    """Days of `table` that are published; none where it was never published."""
    if not _manifest_file(published_root / table).is_file():
        return frozenset()
    return frozenset(read_manifest(published_root, table).partitions)


def published_rows(
    folder: Path,
    partition: str,
    days: Sequence[date] | None = None,
    *,
    read_days: Sequence[date] | None = None,
) -> str:
    """Write the SQL of the rows of one published table, whose files are verified first.

    Args:
        partition: its partition column.
        days: partitions to look into, all where None; those that are not published have no rows.
        read_days: of them those whose rows will be asked for, all where None: no other is verified.

    Raises:
        DataError: none of them is published, or a file is not the one that was.
    """
    claims = require_intact(folder, days if read_days is None else read_days)
    known = claims.days if claims and claims.partition_column == partition else frozenset()
    named = [
        f"{partition}={day}/{FILE}" for day in sorted(known if days is None else known & {*days})
    ]
    published = [name for name in named if (folder / name).is_file()]
    if not published:
        of_days = "" if days is None or not days else f" of {min(days)} to {max(days)}"
        raise DataError(
            f"nothing{of_days} is published at {folder}. Build '{folder.name}' first: `mlops "
            "train` and `mlops watch` land and build what they need, and in Dagster the job "
            "`build_features` builds it. Or correct `table` and `partition`."
        )
    return partitioned_parquet(folder, published, partition)


def require_intact(folder: Path, days: Sequence[date] | None = None) -> Manifest | None:
    """Verify files of one published table by its manifest; returns it, None where nothing is there.

    Whoever publishes meanwhile withdraws its claims first, so that they are read again where a file
    is another.

    Args:
        days: whose files, all where None.

    Raises:
        DataError: a file is gone, is not the one that was published, or is not named by the
            manifest; or there are files and no manifest that can be read.
    """
    while True:
        claims = _claims(folder)
        problem = _problem(folder, claims, days)
        if problem is None:
            return claims
        if _claims(folder) == claims:
            raise DataError(problem)


def _problem(folder: Path, claims: Manifest | None, days: Sequence[date] | None) -> str | None:
    """Why the files of some days are not to be read; None where they may."""
    if claims is None:
        missing = without_manifest(folder)
        if missing is None:
            return None
        return (
            f"{_manifest_file(folder)} is {missing}, which says what is published of "
            f"{folder.name}. {_HEAL}"
        )
    if foreign := foreign_files(folder, claims):
        return (
            f"{folder.name} has files that nobody published: "
            f"{', '.join(map(str, foreign[:5]))}{' and others' if len(foreign) > 5 else ''}. Move "
            "them away; the job `build_features` deletes them when it publishes the table."
        )
    if damaged := damaged_days(folder, claims, days):
        return (
            f"{folder.name} of {', '.join(map(str, damaged[:5]))}"
            f"{' and other days' if len(damaged) > 5 else ''} is not what was published at "
            f"{folder}: the file is gone, or was changed. {_HEAL}"
        )
    return None


def without_manifest(folder: Path) -> Literal["damaged", "gone"] | None:
    """Why a table whose manifest cannot be read has none; None where nothing is published."""
    if _manifest_file(folder).is_file():
        return "damaged"
    has_files = any(_parquet_files(folder)) or any(
        _parquet_files(path) for path in _entries(folder) if path.is_dir()
    )
    return "gone" if has_files else None


def foreign_files(folder: Path, manifest: Manifest) -> list[Path]:
    """Parquet files of a table's folder that are in none of the partitions of its manifest."""
    column = manifest.partition_column
    known = {_partition_file(folder, column, day).parent for day in manifest.days}
    beside = [path for path in _entries(folder) if path not in known and path.is_dir()]
    return [*_parquet_files(folder), *(file for path in beside for file in _parquet_files(path))]


def damaged_days(
    folder: Path, manifest: Manifest, days: Iterable[date] | None = None
) -> list[date]:
    """Days whose file is gone, or is not the one that was published.

    Args:
        days: to look at, all where None; those without a known file are passed over.
    """
    known = manifest.files.keys() if days is None else manifest.files.keys() & {*days}
    return sorted(known - {*intact_days(folder, manifest, known)})


def intact_days(folder: Path, manifest: Manifest, days: Iterable[date]) -> Iterator[date]:
    """Days whose file is the one that was published."""
    for day in days:
        file = _partition_file(folder, manifest.partition_column, day)
        if [*file.parent.glob("*.parquet")] != [file]:
            continue  # gone, or with rows beside it that nobody published
        with suppress(FileNotFoundError):
            if sha256_of_file(file) == manifest.files.get(day):
                yield day


def latest_row(features: FeaturesSpec, published_root: Path, entity: str) -> dict[str, Any] | None:
    """Features of the latest published row of an entity, by column; None where it has none.

    Numbers and flags are as pipelines see them, other values text.

    Raises:
        DataError: the table is not published.
    """
    rows = published_rows(published_root / features.table, features.partition)
    columns = ", ".join(
        f"CAST({identifier(name)} AS {kind.sql_type}) AS {identifier(name)}"
        for name, kind in features.kinds.items()
    )
    order = [features.event_time or features.partition, features.partition]
    newest = ", ".join(f"{identifier(name)} DESC" for name in dict.fromkeys(order))
    with private_duckdb() as connection:
        found = connection.sql(
            f"SELECT {columns} FROM {rows} WHERE CAST({identifier(features.entity)} AS VARCHAR) "
            f"= $entity ORDER BY {newest} LIMIT 1",
            params={"entity": entity},
        ).to_arrow_table()
    return found.to_pylist()[0] if found.num_rows else None


def _claims(folder: Path) -> Manifest | None:
    """What the manifest of a table says; None where there is none that can be read."""
    try:
        return read_manifest(folder.parent, folder.name)
    except DataError:
        return None


def _entries(folder: Path) -> list[Path]:
    """What is in a folder, but for what is being written under a temporary name."""
    try:
        return sorted(path for path in folder.iterdir() if not path.name.startswith("."))
    except FileNotFoundError:
        return []


def _parquet_files(folder: Path) -> list[Path]:
    return [path for path in _entries(folder) if path.suffix == ".parquet"]


def _delete(files: Iterable[Path], folder: Path) -> None:
    """Delete files of a table, and the folders below it that are empty then."""
    for file in files:
        file.unlink()
        if file.parent != folder:
            with suppress(OSError):  # something else is in it
                file.parent.rmdir()


def _digests(folder: Path, column: str, days: Iterable[date]) -> dict[date, str]:
    return {day: sha256_of_file(_partition_file(folder, column, day)) for day in days}


def _manifest_file(folder: Path) -> Path:
    return folder / "_manifest.json"


def _partition_file(folder: Path, column: str, day: date) -> Path:
    return folder / f"{column}={day.isoformat()}" / FILE


def _day_of(path: Path, column: str) -> date | None:
    """The day whose folder this is; None of any other, which nobody published."""
    with suppress(ValueError):
        day = date.fromisoformat(path.name.removeprefix(f"{column}="))
        return day if path.name == f"{column}={day.isoformat()}" else None
    return None


def _published(folder: Path, column: str) -> Manifest:
    """Read the manifest; where it cannot be used, claim nothing, so that all is written again."""
    nothing = Manifest(partition_column=column)
    try:
        manifest = read_manifest(folder.parent, folder.name)
    except DataError:
        return nothing
    return manifest if manifest.partition_column == column else nothing


def _differences(
    before: Manifest, target: Manifest, folder: Path
) -> tuple[tuple[date, ...], tuple[date, ...]]:
    """Partitions to write and partitions to remove."""
    column = target.partition_column
    on_disk = {
        day
        for path in _entries(folder)
        if (day := _day_of(path, column)) and (path / FILE).is_file()
    }
    current = {
        day for day, state in before.partitions.items() if target.partitions.get(day) == state
    }
    changed = target.partitions.keys() - (current & on_disk)
    removed = on_disk - target.partitions.keys()
    return tuple(sorted(changed)), tuple(sorted(removed))


def _withdraw_claims(before: Manifest, touched: Collection[date], folder: Path) -> None:
    kept = {day: state for day, state in before.partitions.items() if day not in touched}
    files = {day: digest for day, digest in before.files.items() if day not in touched}
    claimed = {"partitions": kept, "files": files, "writing": tuple(sorted(touched))}
    _write_manifest(before.model_copy(update=claimed), folder)


def _write_partitions(source: WarehouseTable, days: Sequence[date], folder: Path) -> None:
    for day, of_day in groupby(source.rows(days), key=itemgetter(0)):
        file = _partition_file(folder, source.partition_column, day)
        stream_parquet((rows for _, rows in of_day), file)
        for other in {*file.parent.glob("*.parquet")} - {file}:
            other.unlink()


def _write_manifest(manifest: Manifest, folder: Path) -> None:
    path, text = _manifest_file(folder), manifest.to_stored()
    if not path.is_file() or path.read_text(encoding="utf-8") != text:
        write_text(path, text)
