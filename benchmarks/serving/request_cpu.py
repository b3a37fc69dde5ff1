"""CPU time of one answered request, of this checkout and of another, turn by turn.

    .venv/bin/python -m benchmarks.serving.request_cpu --before /path/to/another/checkout

Both answer through their own ASGI application in one process, with the service that their own
tests make: routing, authentication, validation, scoring, metrics as several workers count them, and
the prediction log, without a socket and without what BentoML puts before it.
"""

import argparse
import json
import os
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from statistics import median

from benchmarks.report import circumstances, markdown_table, write_report

HERE = Path(__file__).resolve().parents[2]
TURNS = 7
Figures = Mapping[str, float]
"""CPU seconds by request."""
PROBE = """
import asyncio, json, os
from pathlib import Path
from time import process_time

def test_cpu(service_of, row, tmp_path):
    from mlops_platform.serving.runtime import RuntimeSettings

    runtime = RuntimeSettings(log=tmp_path / "log", tokens=("a-token",))
    service = service_of(runtime, max_batch_rows=100)
    one, lacking = ([json.dumps(sent).encode()] for sent in (row, row | {"late_rate": None}))
    batch = [json.dumps({"rows": [row] * 100}).encode()]

    async def seconds(path, body, requests):
        headers = {"authorization": "Bearer a-token"}
        for _ in range(requests // 10):
            await service.send("POST", path, body, headers)
        before = process_time()
        for _ in range(requests):
            answer = await service.send("POST", path, body, headers)
        assert answer.status == 200
        return (process_time() - before) / requests

    figures = {
        "one row": asyncio.run(seconds("/v1/predict", one, 5000)),
        "one row with a NULL": asyncio.run(seconds("/v1/predict", lacking, 5000)),
        "a batch of 100 rows": asyncio.run(seconds("/v1/predict_batch", batch, 300)),
    }
    Path(os.environ["REQUEST_CPU"]).write_text(json.dumps(figures))
"""


def main() -> None:
    """Measure both checkouts and write a table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--before", type=Path, required=True, help="another checkout")
    before = parser.parse_args().before.resolve()
    start = circumstances(f"python -m benchmarks.serving.request_cpu --before {before}")
    turns = [(_measured(before), _measured(HERE)) for _ in range(TURNS)]
    header = ["request", f"before ({commit_of(before)})", f"here ({commit_of(HERE)})"]
    rows = [_row(request, turns) for request in turns[0][0]]
    write_report(
        HERE / "benchmarks" / "results" / "request_cpu.md",
        "CPU time of one answered request, before and after",
        f"Logistic regression of the serving tests (5 columns), through each checkout's own ASGI "
        f"application, with a token, the prediction log and the metrics of a server of several "
        f"workers, without a socket and without BentoML's middleware: median of {TURNS} turns, one "
        f"after the other.",
        markdown_table([*header, "ratio", "ratio by turn"], rows),
        start,
    )


def _row(request: str, turns: Sequence[tuple[Figures, Figures]]) -> list[str]:
    pairs = [(former[request], present[request]) for former, present in turns]
    ratios = [present / former for former, present in pairs]
    before, here = (median(side) for side in zip(*pairs, strict=True))
    return [
        request,
        f"{1e6 * before:.1f} us",
        f"{1e6 * here:.1f} us",
        f"{median(ratios):.3f}",
        f"{min(ratios):.3f} to {max(ratios):.3f}",
    ]


def _measured(checkout: Path) -> Figures:
    with tempfile.TemporaryDirectory() as folder, _probe_in(checkout) as probe:
        figures, metrics = Path(folder, "figures.json"), Path(folder, "metrics")
        metrics.mkdir()
        subprocess.run(
            [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", str(probe)],
            cwd=checkout,
            env={
                **os.environ,
                "PYTHONPATH": str(checkout),
                "REQUEST_CPU": str(figures),
                "OMP_NUM_THREADS": "1",
                "PROMETHEUS_MULTIPROC_DIR": str(metrics),
            },
            check=True,
            capture_output=True,
        )
        measured: Figures = json.loads(figures.read_text())
        return measured


@contextmanager
def _probe_in(checkout: Path) -> Iterator[Path]:
    """The probe beside the fixtures that it uses, for as long as it runs."""
    probe = checkout / "tests" / "serving" / "test_request_cpu_probe.py"
    probe.write_text(PROBE)
    try:
        yield probe
    finally:
        probe.unlink()


def commit_of(checkout: Path) -> str:
    """The commit that a checkout stands at."""
    command = ["git", "-C", str(checkout), "rev-parse", "--short", "HEAD"]
    return subprocess.run(command, capture_output=True, text=True, check=True).stdout.strip()


if __name__ == "__main__":
    main()
