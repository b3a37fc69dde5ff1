"""Memory of two workers and what their start takes, of this checkout and of another, in turn.

    .venv/bin/python -m benchmarks.serving.worker_memory --before /path/to/another/checkout

`--models` names a folder in which the models are kept, for another run.

Both serve the same fitted model, each in the Bento that its own checkout packs, on this machine's
packages. Memory is proportional: what processes share counts in part for each.
"""

from __future__ import annotations

import argparse
import json
import re
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Mapping, Sequence
from contextlib import closing
from dataclasses import replace
from datetime import datetime
from http.client import HTTPConnection
from pathlib import Path
from statistics import mean, median
from typing import Any

import psutil

from benchmarks.report import circumstances, markdown_table, say, write_report
from benchmarks.serving.models import (
    LINEAR,
    TREES,
    WORKERS,
    ServedModel,
    kept_models,
    prepare_models,
)
from benchmarks.serving.peers import PEERS, PLATFORM
from benchmarks.serving.request_cpu import HERE, commit_of
from benchmarks.serving.running import RunningPeer, running_peer

SECONDS_TO_WAIT = 120
IDLE_SECONDS = 3
PACK = """
import sys
from pathlib import Path
from mlops_platform.artifacts.model_store import load_model
from mlops_platform.serving.contents import read_contents
from mlops_platform.serving.frames import frame_of
from mlops_platform.serving.packing import parity
from mlops_platform.serving.packing.packaging import BentoRequest, build_bento

source, model, store = map(Path, sys.argv[1:])
packed = read_contents(source)
request = {
    "release": packed.release,
    "features": packed.features,
    "model_directory": model,
    "digests": packed.digests,
    "golden_rows": packed.golden_rows,
}
if "compiled_form" in BentoRequest.model_fields:
    compared = frame_of(packed.features, [row.features for row in packed.golden_rows.rows])
    proved = parity.prove_form(
        packed.features, packed.release.task, load_model(model, packed.digests), compared
    )
    request["compiled_form"] = proved.form
print(build_bento(BentoRequest(**request), store).path)
"""
"""Packs a fitted model once more, by the platform of the folder in which it runs."""
FIGURES = (
    "MB of the workers at their start",
    "MB after single rows",
    "MB after a batch of 1,000 rows in each",
    "CPU s of a worker until it serves",
    "seconds from a worker's first moment until it serves",
    "seconds from the command to the first answer",
)
Figures = Mapping[str, float]


def main() -> None:
    """Measure both checkouts and write a table for each model."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("names", nargs="*", default=(TREES, LINEAR), help="of the models")
    parser.add_argument("--before", type=Path, required=True, help="another checkout")
    parser.add_argument("--models", type=Path, help="prepared by an earlier run, or to be kept")
    parser.add_argument("--turns", type=int, default=5)
    asked = parser.parse_args()
    before = asked.before.resolve()
    start = circumstances(f"python -m benchmarks.serving.worker_memory {' '.join(sys.argv[1:])}")
    header = ["", f"before ({commit_of(before)})", f"here ({commit_of(HERE)})", "ratio", "by turn"]
    sections = []
    with tempfile.TemporaryDirectory(prefix="mlops-benchmark-") as temporary:
        folder = Path(temporary)
        for fitted in _models(asked.models or folder, asked.names):
            model = replace(fitted, bento=_packed_by(HERE, fitted, folder / "packed_here"))
            former = replace(fitted, bento=_packed_by(before, fitted, folder / "packed_before"))
            places = (folder / "servers" / f"{model.name}-{turn}" for turn in range(asked.turns))
            turns = [
                (_measured(former, place / "before"), _measured(model, place / "here"))
                for place in places
            ]
            rows = [_row(name, turns) for name in FIGURES]
            sections.append(f"## {model.name}\n\n" + markdown_table(header, rows))
    write_report(
        HERE / "benchmarks" / "results" / "worker_memory.md",
        "Memory and start of two workers, before and after",
        f"Two workers under `bentoml serve`, everything on (token, log, metrics), the models of "
        f"[serving](serving.md): median of {asked.turns} turns, one server after the other. Memory "
        "is the sum of both workers' PSS, without the process that supervises them.",
        "\n\n".join(sections),
        start,
    )


def _models(folder: Path, names: Sequence[str]) -> list[ServedModel]:
    """The models of these names, prepared where they are not."""
    if not all((folder / name).is_dir() for name in names):
        folder.mkdir(parents=True, exist_ok=True)
        list(prepare_models(folder))
    return kept_models(folder, names)


def _packed_by(checkout: Path, model: ServedModel, store: Path) -> Path:
    artifacts = model.joblib.parent / "artifacts"
    done = subprocess.run(
        [sys.executable, "-c", PACK, model.bento / "src", artifacts, store / model.name],
        cwd=checkout,
        capture_output=True,
        text=True,
        check=True,
    )
    return Path(done.stdout.strip().splitlines()[-1])


def _measured(model: ServedModel, scratch: Path) -> Figures:
    [platform] = [peer for peer in PEERS if peer.name == PLATFORM]
    served = scratch / "served"
    with running_peer(platform, model, scratch) as running:
        _until_all(lambda: _started(served))
        workers = {pid: psutil.Process(pid) for pid in _started(served)}
        cpu = mean(sum(worker.cpu_times()[:2]) for worker in workers.values())
        moments = _started(served).items()
        seconds = mean(moment - workers[pid].create_time() for pid, moment in moments)
        memory = [_megabytes(workers)]
        for row in model.rows[:200]:
            _ask(running, "/v1/predict", row)
        memory.append(_megabytes(workers))
        _until_all(lambda: _batched(running, model, served))
        # The pipeline may come after the answer.
        _until_idle(workers)
        memory.append(_megabytes(workers))
    figures = (*memory, cpu, seconds, running.cold_start_seconds)
    say(f"{model.bento}: {' '.join(f'{figure:.2f}' for figure in figures)}")
    return dict(zip(FIGURES, figures, strict=True))


def _until_all(look: Callable[[], Mapping[int, Any]]) -> None:
    """Wait until something is so of every worker."""
    end = time.monotonic() + SECONDS_TO_WAIT
    while len(look()) < WORKERS:
        if time.monotonic() > end:
            raise RuntimeError(f"not every worker in {SECONDS_TO_WAIT} s")
        time.sleep(0.1)


def _started(served: Path) -> dict[int, float]:
    """When each worker, by its process id, had loaded what it serves."""
    moments = {}
    for file in served.glob("events-*.jsonl"):
        # A file begins with an empty line.
        for line in map(json.loads, filter(None, file.read_text().splitlines())):
            if line["event"] == "started":
                moments[_pid(file)] = datetime.fromisoformat(line["time"]).timestamp()
    return moments


def _batched(running: RunningPeer, model: ServedModel, served: Path) -> dict[int, bool]:
    """Send another batch; the workers that have answered one."""
    _ask(running, "/v1/predict_batch", {"rows": model.rows})
    files = served.glob("predictions-*.jsonl")
    return {_pid(file): True for file in files if '"predict_batch"' in file.read_text()}


def _until_idle(workers: Mapping[int, psutil.Process]) -> None:
    """Wait until what the workers do on their own threads is done."""
    last, spent = -1.0, 0.0
    while spent - last > 0.05:
        time.sleep(IDLE_SECONDS)
        last, spent = spent, sum(sum(worker.cpu_times()[:2]) for worker in workers.values())


def _pid(file: Path) -> int:
    """Of the worker: its name is `<host>-<process id>-<six digits>`."""
    [pid] = re.findall(r"-(\d+)-[0-9a-f]{6}\b", file.name)
    return int(pid)


def _ask(running: RunningPeer, route: str, body: Any) -> None:
    headers = {"Content-Type": "application/json", **running.peer.headers}
    with closing(HTTPConnection("127.0.0.1", running.port, timeout=60)) as connection:
        connection.request("POST", route, json.dumps(body), headers)
        response = connection.getresponse()
        if response.status != 200:
            raise RuntimeError(f"{route}: {response.status} {response.read().decode()[:500]}")


def _megabytes(workers: Mapping[int, psutil.Process]) -> float:
    return sum(worker.memory_full_info().pss for worker in workers.values()) / 1e6


def _row(name: str, turns: Sequence[tuple[Figures, Figures]]) -> list[str]:
    pairs = [(former[name], present[name]) for former, present in turns]
    ratios = [present / former for former, present in pairs]
    before, here = (median(side) for side in zip(*pairs, strict=True))
    by_turn = f"{min(ratios):.2f} to {max(ratios):.2f}"
    return [name, f"{before:.2f}", f"{here:.2f}", f"{median(ratios):.2f}", by_turn]


if __name__ == "__main__":
    main()
