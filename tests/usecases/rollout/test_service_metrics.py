from datetime import UTC, datetime, timedelta
from pathlib import Path

from mlops_platform.serving.watching.objectives import Objectives
from mlops_platform.usecases.rollout.service_metrics import service_figures

LONG_AGO = datetime(2013, 7, 1, tzinfo=UTC)


def _served(log: Path, worker: str, *seconds: float, version: str = "2", errors: int = 0) -> None:
    counting = Objectives(log, worker, "flights")
    for at, one in enumerate(seconds):
        counting.observe(version, "champion", 500 if at < errors else 200, one)
    counting.close()


def test_what_all_workers_counted_adds_up(tmp_path: Path) -> None:
    _served(tmp_path, "a", *[0.01] * 98, errors=1)
    _served(tmp_path, "b", *[0.4] * 2, errors=2)
    _served(tmp_path, "b", 9.0, version="1")
    found = service_figures(tmp_path, "flights", 2, "champion", LONG_AGO)
    assert (found.requests, found.errors) == (100, 3)
    assert found.p99_milliseconds is not None
    assert 300 <= found.p99_milliseconds <= 500


def test_other_models_roles_and_times_do_not_count(tmp_path: Path) -> None:
    _served(tmp_path, "a", 0.01)
    soon = datetime.now(UTC) + timedelta(hours=1)
    assert service_figures(tmp_path, "flights", 2, "champion", soon).requests == 0
    assert service_figures(tmp_path, "flights", 2, "shadow", LONG_AGO).requests == 0
    assert service_figures(tmp_path, "trains", 2, "champion", LONG_AGO).requests == 0
    assert service_figures(tmp_path / "none", "flights", 2, "champion", LONG_AGO).requests == 0


def test_a_torn_line_costs_only_itself(tmp_path: Path) -> None:
    _served(tmp_path, "a", 0.01)
    (file,) = tmp_path.iterdir()
    file.write_bytes(file.read_bytes() + b'{"time": "2013-')
    assert service_figures(tmp_path, "flights", 2, "champion", LONG_AGO).requests == 1
