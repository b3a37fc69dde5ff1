"""The files in which assets hand Records to each other: read and written without Dagster."""

from collections.abc import Sequence
from pathlib import Path
from typing import TypeVar

from mlops_platform.errors import DamagedRecordError, DataError
from mlops_platform.files import write_text
from mlops_platform.record import Record
from mlops_platform.settings import settings

R = TypeVar("R", bound=Record)


def record_file(
    asset_path: Sequence[str], partition: str | None = None, run_id: str | None = None
) -> Path:
    """Where an asset's Record is: the latest, or the one that a run made.

    Args:
        asset_path: the path of the asset's key.
    """
    folder = settings().records / ("latest" if run_id is None else f"runs/{run_id}")
    name = "__".join(asset_path)
    return folder / f"{name}.json" if partition is None else folder / name / f"{partition}.json"


def partition_files(asset_path: Sequence[str]) -> list[Path]:
    """The latest Record of every partition for which there is one, in order."""
    return sorted(record_file(asset_path, "any").parent.glob("[!.]*.json"))


def partition_records(
    asset_path: Sequence[str], record_type: type[R], latest: int = 0
) -> dict[str, R]:
    """What a partitioned asset last handed on, by partition, in order.

    Args:
        latest: only of so many latest partitions; of all where it is 0.
    """
    files = partition_files(asset_path)[-latest:]
    return {file.stem: read_record(file, record_type) for file in files}


def read_record(file: Path, record_type: type[R]) -> R:
    """Read what `write_record` wrote.

    Raises:
        DataError: there is none.
        DamagedRecordError: it cannot be read.
    """
    if not file.is_file():
        asset = file.relative_to(settings().records).with_suffix("").as_posix()
        raise DataError(
            f"{asset.partition('/')[2].replace('__', '/')} was never materialised; materialise it "
            "first, or run the whole job"
        )
    try:
        return record_type.from_stored(file.read_bytes(), settings().home)
    except ValueError as error:  # of pydantic, too
        raise DamagedRecordError(
            f"the record {file} is damaged. `mlops doctor --deep` names what makes it again."
        ) from error


def write_record(file: Path, record: Record) -> None:
    """Write a Record, its paths relative to the home."""
    write_text(file, record.to_stored(settings().home))
