"""What one worker tells, once a minute, of how it keeps its service objectives."""

from __future__ import annotations

import json
import time
from bisect import bisect_left
from datetime import UTC, datetime
from pathlib import Path
from threading import Lock

from mlops_platform.serving.roles import Role
from mlops_platform.serving.watching.log_file import LogFile

FLUSH_SECONDS = 60.0
PREFIX = "objectives-"
LATENCY_EDGES = (
    *(1.0, 1.5, 2.0, 3.0, 5.0, 7.5, 10.0, 15.0, 20.0, 30.0, 50.0, 75.0, 100.0, 150.0, 200.0, 250.0),
    *(300.0, 500.0, 750.0, 1000.0, 1500.0, 2000.0, 3000.0, 5000.0, 7500.0, 10_000.0),
)
"""Upper edges in milliseconds; a last class has no edge. Counts of several workers add up."""
VERSION_FAILED = frozenset({500, 504})
"""An error or a time-out while a version answered. A 503 says that something beside it is missing,
a 4xx that the client must change something: neither speaks against a version."""
_MOST_BYTES = 16_000_000


class Objectives:
    """Counts answers, errors and latencies by version and role, and appends them to a file.

    Args:
        directory: folder of the prediction log; None counts nothing.
        worker: name that no other process with the same folder has.
    """

    def __init__(self, directory: Path | None, worker: str, model: str) -> None:
        self._file = None if directory is None else LogFile(directory, PREFIX + worker, _MOST_BYTES)
        self._model = model
        self._counts: dict[tuple[str, Role], list[int]] = {}
        self._flush_at = time.monotonic() + FLUSH_SECONDS
        self._lock = Lock()  # a shadow is observed on a thread of its own

    def observe(self, version: str, role: Role, status: int, seconds: float) -> None:
        """Count one scoring request by the status and the time that it took."""
        if self._file is None:
            return
        failed = status in VERSION_FAILED
        if failed or status < 400:
            with self._lock:
                counts = self._counts.get((version, role))
                if counts is None:
                    counts = self._counts[version, role] = [0] * (len(LATENCY_EDGES) + 2)
                counts[bisect_left(LATENCY_EDGES, seconds * 1000)] += 1
                counts[-1] += failed
        if time.monotonic() >= self._flush_at:
            self.flush()

    def flush(self) -> None:
        """Append what was counted since the last time; lost where the disk is full."""
        self._flush_at = time.monotonic() + FLUSH_SECONDS
        with self._lock:
            counted, self._counts = self._counts, {}
        if self._file is not None and counted:
            self._file.append(b"".join(self._line(*key, counts) for key, counts in counted.items()))

    def close(self) -> None:
        """Append the rest."""
        self.flush()
        if self._file is not None:
            self._file.close()

    def _line(self, version: str, role: Role, counts: list[int]) -> bytes:
        line = {
            "time": datetime.now(UTC).isoformat(timespec="milliseconds"),
            "model": self._model,
            "version": version,
            "role": role,
            "errors": counts[-1],
            "latencies": counts[:-1],
        }
        return json.dumps(line, separators=(",", ":")).encode() + b"\n"
