"""All windows of a model are logged to one run; what expires is deleted."""

import pytest

from mlops_platform.errors import RegistryError
from mlops_platform.registry.registry import Registry
from mlops_platform.registry.versions import MONITORS_TAG
from tests.registry.fetched import fetched_directory


def test_every_window_is_logged_to_the_same_run(registry: Registry) -> None:
    runs = []
    for window in ("2013-04-01", "2013-04-08"):
        with registry.monitoring_run("watched") as run:
            run.log_text(f"reports/{window}.html", window)
        runs.append(run.run_id)
    with registry.monitoring_run("another") as run:
        runs.append(run.run_id)
    first, second, another = runs
    assert first == second != another
    reports = fetched_directory(registry, first, "reports")
    assert {file.name for file in reports.iterdir()} == {"2013-04-01.html", "2013-04-08.html"}


def test_what_stands_as_running_is_named_with_its_model_until_it_is_ended(
    registry: Registry,
) -> None:
    before = registry.unfinished_runs()  # the store is that of other tests as well
    with registry.training_run("apart", "training", {}) as training:
        assert registry.unfinished_runs() == before | {training.run_id: "apart"}
    with registry.monitoring_run("watched") as monitoring:
        assert registry.unfinished_runs() == before | {monitoring.run_id: "watched"}
        registry.end_run(monitoring.run_id)
        assert registry.unfinished_runs() == before


def test_monitoring_stands_apart_from_trainings_and_goes_on_where_it_began(
    registry: Registry,
) -> None:
    with registry.training_run("apart", "training", {}) as training:
        pass
    with registry.monitoring_run("apart") as monitoring:
        pass
    assert monitoring.experiment_id != training.experiment_id
    # As in homes of before: among the trainings.
    with registry.training_run("before", "monitoring", {MONITORS_TAG: "before"}) as run:
        run.log_text("reports/2013-04-01.html", "old")
    with registry.monitoring_run("before") as again:
        again.delete_file("reports/2013-04-01.html")
    assert (again.run_id, again.experiment_id) == (run.run_id, run.experiment_id)


def test_an_expired_report_is_deleted_and_the_others_stay(registry: Registry) -> None:
    with registry.monitoring_run("expiring") as run:
        for window in ("2013-04-01", "2013-04-08"):
            run.log_text(f"reports/{window}.html", window)
        run.delete_file("reports/2013-04-01.html")
        run.delete_file("reports/2013-04-01.html")  # gone already
        run.delete_file("reports/1999-01-04.html")  # never was
    reports = fetched_directory(registry, run.run_id, "reports")
    assert [file.name for file in reports.iterdir()] == ["2013-04-08.html"]


def test_a_directory_that_a_run_never_logged_is_refused(registry: Registry) -> None:
    with registry.monitoring_run("bare") as run:
        run.log_text("note.txt", "nothing else")
    with pytest.raises(RegistryError, match=f"run {run.run_id} has no 'reference'"):
        fetched_directory(registry, run.run_id, "reference")
