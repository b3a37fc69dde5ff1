"""Hands Records from asset to asset as small JSON files; bulk data stays in the lake."""

from collections.abc import Iterator
from contextlib import contextmanager, nullcontext
from typing import Self, TypeVar

import dagster as dg

from mlops_platform.components.record_files import (
    partition_files,
    read_record,
    record_file,
    write_record,
)
from mlops_platform.components.run_locks import holding_run
from mlops_platform.record import Record

R = TypeVar("R", bound=Record)
EARLIER_RUNS = ("dagster/parent_run_id", "dagster/root_run_id")


class RecordIOManager(dg.ConfigurableIOManager):
    """Stores each asset's Record per run, and the latest beside it.

    A run reads what it wrote itself; an asset that is materialised alone reads the latest. Two
    trainings of one model that overlap therefore never read each other's records. A partitioned
    asset has one record per partition.
    """

    @contextmanager
    def yield_for_execution(self, context: dg.InitResourceContext) -> Iterator[Self]:
        """Held open from the first step of a run to its last, as the run's lock is."""
        run = context.run
        with nullcontext() if run is None else holding_run(run.run_id):
            yield self

    def handle_output(self, context: dg.OutputContext, obj: Record | None) -> None:
        """Write one asset's Record; an asset without a value writes nothing."""
        if obj is None:
            return
        path, partition = context.asset_key.path, _partition_of(context)
        write_record(record_file(path, partition, context.run_id), obj)
        write_record(record_file(path, partition), obj)

    def load_input(self, context: dg.InputContext) -> Record:
        """Read the Record of an upstream asset as the type that the downstream asset annotates."""
        path, partition = context.asset_key.path, _partition_of(context)
        run = context.step_context.dagster_run
        # A re-execution goes on with what the run that failed had made.
        for run_id in (run.run_id, *(run.tags.get(tag) for tag in EARLIER_RUNS)):
            if run_id and (own := record_file(path, partition, run_id)).is_file():
                return read_record(own, _type_of(context))
        return read_record(record_file(path, partition), _type_of(context))


def latest_record(asset: dg.AssetKey, record_type: type[R]) -> R:
    """What an asset last handed on.

    Raises:
        DataError: it was never materialised.
    """
    return read_record(record_file(asset.path), record_type)


def recorded_partitions(asset: dg.AssetKey) -> list[str]:
    """Partitions for which an asset handed something on, in order; nothing is read."""
    return [file.stem for file in partition_files(asset.path)]


def partition_record(asset: dg.AssetKey, partition: str, record_type: type[R]) -> R | None:
    """What a partitioned asset last handed on for one partition; None where it never did."""
    file = record_file(asset.path, partition)
    return read_record(file, record_type) if file.is_file() else None


def write_partition_record(asset: dg.AssetKey, partition: str, record: Record, run_id: str) -> None:
    """Put what a step made for another partition than its own where a run of its own would have.

    With its run it stays when the latest one is replaced.
    """
    write_record(record_file(asset.path, partition, run_id), record)
    write_record(record_file(asset.path, partition), record)


def _partition_of(context: dg.OutputContext | dg.InputContext) -> str | None:
    return context.asset_partition_key if context.has_asset_partitions else None


def _type_of(context: dg.InputContext) -> type[Record]:
    record_type: type[Record] = context.dagster_type.typing_type
    return record_type
