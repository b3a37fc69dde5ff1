"""Ticks as the daemon makes them, and the runs that they ask for."""

import os
import signal
import time
from collections.abc import Iterator

import dagster as dg
import pytest
import yaml

from mlops_platform.driving.driver import JobDriver
from mlops_platform.errors import MlopsError
from mlops_platform.settings import PROJECT_ROOT


@dg.op
def say() -> None:
    """Succeeds."""


@dg.op
def fail() -> None:
    raise ValueError("no bread in the house")


@dg.job
def talk() -> None:
    say()


@dg.job
def shop() -> None:
    fail()


@dg.op
def is_interrupted() -> None:
    os.kill(os.getpid(), signal.SIGINT)
    time.sleep(60)


@dg.job
def wait() -> None:
    is_interrupted()


@dg.sensor(job=talk)
def asked() -> dg.RunRequest:
    return dg.RunRequest(job_name="talk", run_key="now")


@dg.sensor(job=talk)
def silent() -> dg.SkipReason:
    return dg.SkipReason("Nothing to do.")


@dg.sensor()
def acts_in_its_tick() -> dg.SkipReason:
    return dg.SkipReason("Done.")


@pytest.fixture
def driver() -> Iterator[JobDriver]:
    definitions = dg.Definitions(jobs=[talk, shop, wait], sensors=[asked, silent, acts_in_its_tick])
    with dg.DagsterInstance.ephemeral() as instance:
        yield JobDriver(definitions, instance)


def test_a_tick_runs_what_was_asked_for_and_names_who_asked(driver: JobDriver) -> None:
    (run_id,) = driver.tick(asked)
    run = driver.instance.get_run_by_id(run_id)
    assert run is not None
    assert (run.job_name, run.status) == ("talk", dg.DagsterRunStatus.SUCCESS)
    assert (run.tags["dagster/sensor_name"], run.tags["dagster/run_key"]) == ("asked", "now")


def test_a_run_tells_each_step_when_it_starts(driver: JobDriver) -> None:
    steps: list[str] = []
    driver.run("talk", report=steps.append)
    with pytest.raises(MlopsError):
        driver.run("shop", report=steps.append)
    assert steps == ["say", "fail"]


def test_a_run_is_listed_under_the_code_location_that_the_webserver_serves(
    driver: JobDriver,
) -> None:
    workspace = yaml.safe_load((PROJECT_ROOT / "workspace.yaml").read_text())
    location = workspace["load_from"][0]["python_module"]["location_name"]
    run = driver.instance.get_run_by_id(driver.run("talk"))
    assert run is not None
    assert run.remote_job_origin is not None
    assert run.remote_job_origin.repository_origin.get_label() == f"__repository__@{location}"
    of_the_job = {".dagster/repository": f"__repository__@{location}"}
    assert [
        listed.run_id for listed in driver.instance.get_runs(dg.RunsFilter(tags=of_the_job))
    ] == [run.run_id]
    assert run.tags["dagster/code_location"] == location


def test_a_run_that_fails_is_listed_too(driver: JobDriver) -> None:
    with pytest.raises(MlopsError):
        driver.run("shop")
    (run,) = driver.instance.get_runs()
    assert run.remote_job_origin is not None


def test_ctrl_c_in_a_step_is_no_failure_of_the_job(driver: JobDriver) -> None:
    with pytest.raises(KeyboardInterrupt):
        driver.run("wait")


@pytest.mark.parametrize("sensor", [silent, acts_in_its_tick])
def test_a_tick_that_skips_runs_nothing_with_or_without_a_job(
    driver: JobDriver, sensor: dg.SensorDefinition
) -> None:
    assert driver.tick(sensor) == []
    assert driver.instance.get_runs() == []


def test_a_run_that_fails_names_step_and_error(driver: JobDriver) -> None:
    with pytest.raises(MlopsError, match="- fail: ValueError: no bread in the house"):
        driver.run("shop")
