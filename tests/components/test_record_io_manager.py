"""Records pass from asset to asset as JSON, within a run and from the latest one."""

import dagster as dg
import pytest

from mlops_platform.components.record_files import read_record, record_file
from mlops_platform.components.record_io_manager import (
    RecordIOManager,
    latest_record,
    write_partition_record,
)
from mlops_platform.errors import DataError
from mlops_platform.record import Record
from mlops_platform.settings import settings

RESOURCES = {"io_manager": RecordIOManager()}


class Found(Record):
    """What the upstream asset found."""

    number: int


class Config(dg.Config):
    """What to find."""

    number: int = 1


@dg.asset(key=["churn", "found"])
def found(config: Config) -> Found:
    return Found(number=config.number)


@dg.asset(key=["churn", "doubled"], ins={"found": dg.AssetIn(key=["churn", "found"])})
def doubled(found: Found) -> Found:
    return Found(number=2 * found.number)


def _run(assets, selection=None, number=1):
    config = {"ops": {"churn__found": {"config": {"number": number}}}} if selection is None else {}
    return dg.materialize(assets, selection=selection, resources=RESOURCES, run_config=config)


def test_a_run_reads_what_it_wrote_itself(home) -> None:
    assert _run([found, doubled], number=4).success

    assert latest_record(dg.AssetKey(["churn", "doubled"]), Found) == Found(number=8)


def test_an_asset_that_is_materialised_alone_reads_the_latest(home) -> None:
    _run([found, doubled], number=4)
    _run([found, doubled], number=5)

    assert _run([found, doubled], selection=[doubled]).success

    assert latest_record(doubled.key, Found) == Found(number=10)


def test_each_run_keeps_its_own_records(home) -> None:
    first, second = _run([found], number=1), _run([found], number=2)

    kept = {
        run.run_id: Found.from_stored(
            (settings().records / "runs" / run.run_id / "churn__found.json").read_bytes()
        ).number
        for run in (first, second)
    }
    assert kept == {first.run_id: 1, second.run_id: 2}


def test_an_asset_that_was_never_materialised_is_named_with_the_cure(home) -> None:
    with pytest.raises(DataError, match=r"churn/found was never materialised; materialise it"):
        _run([found, doubled], selection=[doubled])


def test_a_re_execution_goes_on_with_the_records_of_the_run_that_failed(home) -> None:
    job = dg.Definitions(
        [found, doubled], jobs=[dg.define_asset_job("fit", [found, doubled])], resources=RESOURCES
    ).resolve_job_def("fit")

    def run(number: int, **how: object) -> dg.ExecuteInProcessResult:
        config = {"ops": {"churn__found": {"config": {"number": number}}}}
        return job.execute_in_process(instance=instance, run_config=config, **how)

    with dg.DagsterInstance.ephemeral() as instance:
        failed = run(4)
        run(5)  # another training comes in between
        again = job.execute_in_process(
            instance=instance,
            asset_selection=[doubled.key],
            tags={"dagster/parent_run_id": failed.run_id, "dagster/root_run_id": failed.run_id},
        )
    assert again.success
    assert latest_record(doubled.key, Found) == Found(number=8)


def test_what_another_run_made_for_a_partition_is_kept_with_that_run(home) -> None:
    for run, number in (("first", 1), ("second", 2)):
        write_partition_record(found.key, "2013-04-01", Found(number=number), run)

    files = [record_file(found.key.path, "2013-04-01", run) for run in ("first", "second", None)]
    assert [read_record(file, Found).number for file in files] == [1, 2, 2]
