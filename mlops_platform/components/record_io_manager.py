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
    trainings of one model that overlap therefore never read each other's records.
    """

    def handle_output(self, context: dg.OutputContext, obj: Record | None) -> None:
        """Write one asset's Record; an asset without a value writes nothing."""
        if obj is None:
            return
        text = obj.model_dump_json(indent=2) + "\n"
        write_text(_file(context.asset_key, context.run_id), text)
        write_text(_file(context.asset_key), text)

    def load_input(self, context: dg.InputContext) -> Record:
        """Read the Record of an upstream asset as the type that the downstream asset annotates."""
        run = context.step_context.dagster_run
        # A re-execution goes on with what the run that failed had made.
        for run_id in (run.run_id, *(run.tags.get(tag) for tag in EARLIER_RUNS)):
            if run_id and (own := _file(context.asset_key, run_id)).is_file():
                return _read(own, _type_of(context))
        return _read(_file(context.asset_key), _type_of(context))


def latest_record(asset: dg.AssetKey, record_type: type[R]) -> R:
    """What an asset last handed on.

    Raises:
        DataError: it was never materialised.
    """
    return _read(_file(asset), record_type)


def _file(asset: dg.AssetKey, run_id: str | None = None) -> Path:
    folder = settings().records / ("latest" if run_id is None else f"runs/{run_id}")
    return folder / f"{'__'.join(asset.path)}.json"


def _read(path: Path, record_type: type[R]) -> R:
    if not path.is_file():
        raise DataError(
            f"{path.stem.replace('__', '/')} was never materialised; materialise it first, or run "
            "the whole job"
        )
    return record_type.model_validate_json(path.read_bytes())


def _type_of(context: dg.InputContext) -> type[Record]:
    record_type: type[Record] = context.dagster_type.typing_type
    return record_type
