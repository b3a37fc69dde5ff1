"""Counts of several workers, dead ones among them."""

import os
import signal
import subprocess
import sys
from pathlib import Path
from threading import Thread

import pytest

from mlops_platform.serving.watching import mapped_counts
from mlops_platform.serving.watching.mapped_counts import Key, MappedCounts


def totals_of(counts: MappedCounts) -> dict[Key, list[int]]:
    """Every key, which here only one worker has."""
    return dict(counts.totals())


def add(counts: MappedCounts, *key: str, number: int = 1) -> None:
    integers, at = counts.cells(key, 1)
    with counts.lock:
        integers[at] += number


@pytest.mark.parametrize("shared", [False, True])
def test_what_is_counted_is_seen_at_once(tmp_path: Path, shared: bool) -> None:
    counts = MappedCounts(tmp_path if shared else None, "w1")
    add(counts, "requests", 'é "\\\n', "2", number=3)
    add(counts, "errors")
    integers, at = counts.cells(("seconds",), 3)
    integers[at + 2] = 2**62
    assert totals_of(counts) == {
        ("requests", 'é "\\\n', "2"): [3],
        ("errors",): [1],
        ("seconds",): [0, 0, 2**62],
    }


def test_other_workers_are_seen_as_well(tmp_path: Path) -> None:
    first, second = MappedCounts(tmp_path, "w1"), MappedCounts(tmp_path, "w2")
    add(first, "requests")
    add(second, "requests", number=4)
    assert sorted(second.totals()) == [(("requests",), [1]), (("requests",), [4])]


COUNTING = """
import sys
from pathlib import Path
from mlops_platform.serving.watching.mapped_counts import MappedCounts

counts = MappedCounts(Path(sys.argv[1]), "killed")
integers, at = counts.cells(("requests",), 1)
while True:
    with counts.lock:
        integers[at] += 1
    print(flush=True)
"""


def test_a_kill_loses_nothing_that_was_counted(tmp_path: Path) -> None:
    command = [sys.executable, "-c", COUNTING, str(tmp_path)]
    with subprocess.Popen(command, stdout=subprocess.PIPE) as process:
        assert process.stdout is not None
        lines = sum(1 for _ in zip(range(1000), process.stdout, strict=False))
        os.kill(process.pid, signal.SIGKILL)
        lines += sum(1 for _ in process.stdout)
    ((key, (counted,)),) = MappedCounts(tmp_path, "alive").totals()
    assert key == ("requests",)
    # It may have counted once more than it could tell.
    assert counted - lines in (0, 1)


def test_a_record_that_is_half_written_does_not_count(tmp_path: Path) -> None:
    counts = MappedCounts(tmp_path, "w1")
    add(counts, "requests")
    integers, _ = counts.cells(("requests",), 1)
    integers[integers[0]] = 12
    assert totals_of(counts) == {("requests",): [1]}


def test_more_keys_than_a_file_holds_begin_another(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(mapped_counts, "SEGMENT_CELLS", 16)
    counts = MappedCounts(tmp_path, "w1")
    for number in range(20):
        add(counts, "requests", f"{number}", number=number)
    counts.cells(("larger than a file",), 40)
    assert len(list(tmp_path.iterdir())) > 5
    expected = {("requests", f"{number}"): [number] for number in range(20)}
    assert totals_of(counts) == expected | {("larger than a file",): [0] * 40}


def test_threads_lose_nothing(tmp_path: Path) -> None:
    counts = MappedCounts(tmp_path, "w1")
    threads = [
        Thread(target=lambda: [add(counts, "requests") for _ in range(2000)]) for _ in range(4)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert totals_of(counts) == {("requests",): [8000]}


def test_without_room_it_counts_in_memory_and_says_so(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    counts = MappedCounts(tmp_path / "gone", "w1")
    add(counts, "requests", number=5)
    assert totals_of(counts) == {("requests",): [5]}
    assert "make room" in caplog.text


def test_files_are_for_their_owner_alone(tmp_path: Path) -> None:
    add(MappedCounts(tmp_path, "w1"), "requests")
    (file,) = tmp_path.iterdir()
    assert file.stat().st_mode & 0o777 == 0o600
