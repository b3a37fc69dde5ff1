"""Hands Records from asset to asset as small JSON files; bulk data stays in the lake."""

from pathlib import Path
from typing import TypeVar

import dagster as dg

from mlops_platform.errors import DataError
from mlops_platform.files import write_text
from mlops_platform.record import Record
from mlops_platform.settings import settings

R = TypeVar("R", bound=Record)
EARLIER_RUNS = ("dagster/parent_run_id", "dagster/root_run_id")


class RecordIOManager(dg.ConfigurableIOManager):
    """Stores each asset's Record per run, and the latest beside it.

    A run reads what it wrote itself; an asset that is materialised alone reads the latest. Two
    trainings of one model that overlap therefore never read each other's records. A partitioned
    asset has one record per partition.
    """

    def handle_output(self, context: dg.OutputContext, obj: Record | None) -> None:
        """Write one asset's Record; an asset without a value writes nothing."""
        if obj is None:
            return
        text, partition = _text_of(obj), _partition_of(context)
        write_text(_file(context.asset_key, partition, context.run_id), text)
        write_text(_file(context.asset_key, partition), text)

    def load_input(self, context: dg.InputContext) -> Record:
        """Read the Record of an upstream asset as the type that the downstream asset annotates."""
        run, partition = context.step_context.dagster_run, _partition_of(context)
        # A re-execution goes on with what the run that failed had made.
        for run_id in (run.run_id, *(run.tags.get(tag) for tag in EARLIER_RUNS)):
            if run_id and (own := _file(context.asset_key, partition, run_id)).is_file():
                return _read(own, _type_of(context))
        return _read(_file(context.asset_key, partition), _type_of(context))


def latest_record(asset: dg.AssetKey, record_type: type[R]) -> R:
    """What an asset last handed on.

    Raises:
        DataError: it was never materialised.
    """
    return _read(_file(asset), record_type)


def partition_records(asset: dg.AssetKey, record_type: type[R], latest: int = 0) -> dict[str, R]:
    """What a partitioned asset last handed on, by partition, in order.

    Args:
        latest: only of so many latest partitions; of all where it is 0.
    """
    return {file.stem: _read(file, record_type) for file in _files(asset)[-latest:]}


def recorded_partitions(asset: dg.AssetKey) -> list[str]:
    """Partitions for which an asset handed something on, in order; nothing is read."""
    return [file.stem for file in _files(asset)]


def partition_record(asset: dg.AssetKey, partition: str, record_type: type[R]) -> R | None:
    """What a partitioned asset last handed on for one partition; None where it never did."""
    file = _file(asset, partition)
    return _read(file, record_type) if file.is_file() else None


def write_partition_record(asset: dg.AssetKey, partition: str, record: Record) -> None:
    """Put what a step made for another partition than its own where that is looked for."""
    write_text(_file(asset, partition), _text_of(record))


def _text_of(record: Record) -> str:
    return record.to_stored(settings().home)


def _partition_of(context: dg.OutputContext | dg.InputContext) -> str | None:
    return context.asset_partition_key if context.has_asset_partitions else None


def _file(asset: dg.AssetKey, partition: str | None = None, run_id: str | None = None) -> Path:
    folder = settings().records / ("latest" if run_id is None else f"runs/{run_id}")
    name = "__".join(asset.path)
    return folder / f"{name}.json" if partition is None else folder / name / f"{partition}.json"


def _files(asset: dg.AssetKey) -> list[Path]:
    return sorted(_file(asset, "any").parent.glob("[!.]*.json"))


def _read(path: Path, record_type: type[R]) -> R:
    if not path.is_file():
        asset = path.relative_to(settings().records).with_suffix("").as_posix()
        raise DataError(
            f"{asset.partition('/')[2].replace('__', '/')} was never materialised; materialise it "
            "first, or run the whole job"
        )
    return record_type.from_stored(path.read_bytes(), settings().home)


def _type_of(context: dg.InputContext) -> type[Record]:
    record_type: type[Record] = context.dagster_type.typing_type
    return record_type
