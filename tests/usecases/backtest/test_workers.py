import os

import pytest
from joblib import delayed

from mlops_platform.errors import SettingsError
from mlops_platform.spec import BacktestSpec
from mlops_platform.usecases.backtest import workers as backtest_workers
from mlops_platform.usecases.backtest.workers import parallel_fits

pytestmark = pytest.mark.slow


def process_of(number: int) -> tuple[int, int]:
    return number, os.getpid()


@pytest.fixture
def scheduler():
    from distributed import LocalCluster

    with LocalCluster(
        n_workers=2, threads_per_worker=1, dashboard_address=None, host="127.0.0.1"
    ) as cluster:
        yield cluster.scheduler_address


def made(spec: BacktestSpec) -> list[tuple[int, int]]:
    with parallel_fits(spec) as parallel:
        return list(parallel(delayed(process_of)(number) for number in range(4)))


def test_one_worker_is_this_process():
    assert made(BacktestSpec(workers=1)) == [(number, os.getpid()) for number in range(4)]


def test_the_workers_of_a_dask_cluster_make_the_fits_in_order(scheduler):
    found = made(BacktestSpec(dask_scheduler=scheduler))

    assert [number for number, _ in found] == [0, 1, 2, 3]
    assert os.getpid() not in {process for _, process in found}


def test_a_scheduler_that_does_not_answer_is_named_with_the_cure(monkeypatch):
    monkeypatch.setattr(backtest_workers, "SECONDS_TO_ANSWER", 1)

    with pytest.raises(SettingsError, match=r"nothing answers at 'tcp://127.0.0.1:9'.*remove"):
        made(BacktestSpec(dask_scheduler="tcp://127.0.0.1:9"))
