"""The writer: what a line says, and that nothing that happens to a file costs an answer."""

import json
import os
import resource
import signal
import subprocess
import sys
import textwrap
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mlops_platform.serving.watching import log_file
from mlops_platform.serving.watching.prediction_log import (
    LoggedPrediction,
    PredictionLog,
    moment_of,
    share_of,
)
from mlops_platform.spec.serving import PredictionLogSpec

RECORD = LoggedPrediction(
    time=1372680000.1239,
    request_id="a" * 32,
    row=0,
    route="predict",
    entity="flight-1",
    model="flight_delay",
    version="3",
    sequence=4,
    role="champion",
    features={"distance_miles": 1400.0, "carrier": None, "copy": 0.1},
    outputs={"probability": 0.30000000000000004, "decision": True},
    latency_ms=1.25,
)


def open_log(folder: Path, worker: str = "1", **spec: Any) -> PredictionLog:
    return PredictionLog(folder, PredictionLogSpec(**spec), worker, entity="flight_id")


def lines_of(folder: Path) -> list[dict[str, Any]]:
    return [
        json.loads(line)
        for file in sorted(folder.glob("predictions-*.jsonl"))
        for line in file.read_text().splitlines()
    ]


def test_a_line_says_everything_about_one_row(tmp_path: Path) -> None:
    assert open_log(tmp_path).write([RECORD])
    assert lines_of(tmp_path) == [
        {
            "time": "2013-07-01T12:00:00.123Z",
            "request_id": "a" * 32,
            "row": 0,
            "route": "predict",
            "entity": "flight-1",
            "model": "flight_delay",
            "version": "3",
            "sequence": 4,
            "role": "champion",
            "features": {"distance_miles": 1400.0, "carrier": None, "copy": 0.1},
            "probability": 0.30000000000000004,
            "decision": True,
            "latency_ms": 1.25,
        }
    ]


def test_a_line_names_the_adjustment_where_there_are_some(tmp_path: Path) -> None:
    log = open_log(tmp_path)
    log.write([RECORD, RECORD._replace(adjustment=0), RECORD._replace(adjustment=12)])
    plain, own, adjusted = lines_of(tmp_path)
    assert own == plain | {"adjustment": 0}
    assert adjusted == plain | {"adjustment": 12}


@given(st.floats(min_value=0, max_value=4e9))
def test_the_moment_is_cut_to_milliseconds(seconds: float) -> None:
    from datetime import datetime

    moment = datetime.fromisoformat(moment_of(seconds))
    assert 0 <= seconds - moment.timestamp() < 0.001 + 1e-6


def test_redacted_fields_are_absent_and_named(tmp_path: Path) -> None:
    row = {**RECORD.features, "flight_id": "flight-1"}
    log = open_log(tmp_path, redact=("carrier", "flight_id"))
    log.write([RECORD._replace(features=row)])
    [file] = tmp_path.iterdir()
    assert "flight-1" not in file.read_text()
    [line] = lines_of(tmp_path)
    assert line["features"] == {"distance_miles": 1400.0, "copy": 0.1}
    assert line["entity"] is None
    assert line["redacted"] == ["carrier", "flight_id"]
    assert row["carrier"] is None
    assert "flight_id" in row


def test_the_entity_is_logged_once(tmp_path: Path) -> None:
    open_log(tmp_path).write([RECORD._replace(features={"flight_id": "flight-1", "copy": 1.0})])
    assert lines_of(tmp_path)[0]["features"] == {"copy": 1.0}


def test_the_rows_of_a_request_are_one_write(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    written: list[int] = []
    write = os.write

    def counted(descriptor: int, lines: bytes) -> int:
        written.append(lines.count(b"\n"))
        return write(descriptor, lines)

    monkeypatch.setattr(log_file.os, "write", counted)
    open_log(tmp_path).write([RECORD._replace(row=row) for row in range(3)])
    assert written == [3]


def test_samples_are_the_same_in_every_worker(tmp_path: Path) -> None:
    ids = [f"request-{position}" for position in range(10_000)]
    first, second = (open_log(tmp_path, worker, sample=0.25) for worker in "12")
    chosen = [request for request in ids if first.sampled(request)]
    assert chosen == [request for request in ids if second.sampled(request)]
    assert 2300 < len(chosen) < 2700
    assert all(open_log(tmp_path, sample=1.0).sampled(request) for request in ids)
    assert not any(open_log(tmp_path, sample=0.0).sampled(request) for request in ids)
    assert 0 <= share_of("any") < 1


def test_a_file_is_followed_by_another_when_it_is_full(tmp_path: Path) -> None:
    log = open_log(tmp_path, rotate_megabytes=0.001)
    for row in range(20):
        assert log.write([RECORD._replace(row=row)])
    sizes = [file.stat().st_size for file in sorted(tmp_path.iterdir())]
    assert len(sizes) > 4
    assert all(1000 <= size < 1500 for size in sizes[:-1])
    assert [line["row"] for line in lines_of(tmp_path)] == list(range(20))


def test_a_file_is_followed_by_another_after_a_day(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    log, now = open_log(tmp_path), [1_372_680_000.0]
    monkeypatch.setattr(log_file, "time", SimpleNamespace(time=time.time, monotonic=lambda: now[0]))
    for hours in (0, 23, 2, 1):
        now[0] += hours * 3600
        log.write([RECORD])
    assert [len(file.read_text().splitlines()) for file in sorted(tmp_path.iterdir())] == [2, 2]


def test_a_deleted_file_is_noticed_within_a_second(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    log, now = open_log(tmp_path), [1_372_680_000.0]
    monkeypatch.setattr(log_file, "time", SimpleNamespace(time=time.time, monotonic=lambda: now[0]))
    log.write([RECORD])
    [file] = tmp_path.iterdir()
    file.unlink()
    now[0] += 1.1
    assert log.write([RECORD])
    assert len(lines_of(tmp_path)) == 1


def test_threads_do_not_mix_their_lines(tmp_path: Path) -> None:
    log = open_log(tmp_path, rotate_megabytes=0.01)
    requests = [
        [RECORD._replace(request_id=f"r{at}", row=row) for row in range(5)] for at in range(200)
    ]
    with ThreadPoolExecutor(8) as pool:
        assert all(pool.map(log.write, requests))
    lines = [(line["request_id"], line["row"]) for line in lines_of(tmp_path)]
    assert sorted(lines) == sorted((f"r{at}", row) for at in range(200) for row in range(5))
    assert [row for _, row in lines] == [0, 1, 2, 3, 4] * 200


@contextmanager
def room_for(size: int) -> Iterator[None]:
    """No file may grow beyond `size`: the kernel cuts writes short, as on a full disk."""
    limits = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (size, limits[1]))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, limits)


def test_a_full_disk_costs_lines_and_spoils_none(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    now = [100.0]
    clock = SimpleNamespace(time=time.time, monotonic=lambda: now[0])
    monkeypatch.setattr(log_file, "time", clock)
    log = open_log(tmp_path)
    with room_for(900):
        said = [log.write([RECORD._replace(row=row)]) for row in range(6)]
        assert said == [True, True, False, False, False, False]
        now[0] += 1.5
        assert log.write([RECORD._replace(row=6)])
    assert log.write([RECORD._replace(row=7)])
    files = [file.read_bytes() for file in sorted(tmp_path.iterdir())]
    assert len(files[0]) == 900
    complete = [line for file in files for line in file.split(b"\n")[:-1]]
    assert [json.loads(line)["row"] for line in complete] == [0, 1, 6, 7]


def test_attempts_become_rarer_and_leave_no_empty_files(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    now = [0.0]
    clock = SimpleNamespace(time=time.time, monotonic=lambda: now[0])
    monkeypatch.setattr(log_file, "time", clock)
    log = open_log(tmp_path)
    with room_for(0):
        for _ in range(100):
            now[0] += 1.0
            assert not log.write([RECORD])
    assert list(tmp_path.iterdir()) == []
    assert 4 < len(caplog.records) < 10
    assert "Answers go on" in caplog.text
    now[0] += 31
    assert log.write([RECORD])


def test_a_folder_that_cannot_be_made_costs_no_answer(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    assert not open_log(tmp_path / "file" / "log").write([RECORD])


def test_what_cannot_be_json_costs_no_answer(tmp_path: Path) -> None:
    log = open_log(tmp_path)
    assert not log.write([RECORD._replace(entity="\ud800")])
    assert not log.write([RECORD._replace(features={"copy": object()})])
    assert log.write([RECORD])


def test_closing_twice_is_well_and_a_later_line_begins_another_file(tmp_path: Path) -> None:
    log = open_log(tmp_path)
    log.close()
    log.write([RECORD])
    log.close()
    log.close()
    log.write([RECORD])
    assert len(list(tmp_path.iterdir())) == 2


def test_a_killed_worker_loses_nothing_that_it_had_answered(tmp_path: Path) -> None:
    program = textwrap.dedent(f"""
        import os, signal
        from pathlib import Path
        from mlops_platform.serving.watching.prediction_log import LoggedPrediction, PredictionLog
        from mlops_platform.spec.serving import PredictionLogSpec

        log = PredictionLog(Path({str(tmp_path)!r}), PredictionLogSpec(), "1", entity="flight_id")
        record = LoggedPrediction(*{tuple(RECORD)!r})
        for row in range(1000):
            log.write([record._replace(row=row)])
        os.kill(os.getpid(), signal.SIGKILL)
    """)
    killed = subprocess.run([sys.executable, "-c", program], check=False)
    assert killed.returncode == -signal.SIGKILL
    assert [line["row"] for line in lines_of(tmp_path)] == list(range(1000))
