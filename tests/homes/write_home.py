"""Write the small home of one commit as an archive, by that commit's own commands.

    .venv/bin/python tests/homes/write_home.py 19d8643 tests/homes/format_0.tar.xz

A demo of a few weeks on a small budget, and what people do beside it: a rejected training, a second
release, requests to the service, an acknowledged incident, a freeze. What its commands said about
it is kept beside it as `told.json`, and the project's declaration of the model as `defs.yaml`.
"""

import argparse
import json
import os
import shutil
import signal
import socket
import subprocess
import sys
import tarfile
import tempfile
import time
from contextlib import closing
from dataclasses import dataclass
from http.client import HTTPConnection, HTTPException
from pathlib import Path
from typing import Any

import yaml

REPOSITORY = Path(__file__).resolve().parents[2]
MODEL = "flight_delay"
LONGEST_SECONDS = 900
OVERFITTED = {"max_iter": 100, "learning_rate": 0.8}
CAREFUL = {"max_iter": 20, "learning_rate": 0.1}
FIRST_TRAINING = "2013-01-14"
WEEKS = ("2013-01-14", "2013-01-21")
COMMANDS = {
    "status": ("status", "--json"),
    "why": ("why", MODEL),
    **{f"why {week}": ("why", MODEL, week) for week in WEEKS},
    "incidents": ("incidents", "--all", "--json"),
    "predictions": (
        "sql",
        "--csv",
        f"select * from predictions_with_outcomes.{MODEL} order by all limit 50",
    ),
}
"""What is asked of the home when it is written, and of every later one that opens it."""
MADE_AGAIN = ("logs", "cache", "online", "warehouse/dbt")
"""Not kept: the next command makes them where they are missing."""
REPORTS = f"registry/artifacts/{MODEL}/*/artifacts/reports/*.html"
"""Megabytes each, nearly all of it Evidently's own code; the platform deletes them after a time."""


def main() -> None:
    """Write the archive that the arguments name."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("commit")
    parser.add_argument("archive", type=Path)
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="mlops-home-") as folder:
        life = Life(Path(folder, "project"), Path(folder, "home"))
        life.check_out(arguments.commit)
        life.live()
        told = {name: life.mlops(*command) for name, command in COMMANDS.items()}
        pack(life, told, arguments.archive.resolve())


@dataclass(frozen=True)
class Life:
    """A checked-out project and the home that its commands write."""

    project: Path
    home: Path

    def check_out(self, commit: str) -> None:
        """The project at a commit, with a budget that a test can wait for."""
        self.project.mkdir(parents=True)
        archive = subprocess.run(
            ["git", "archive", commit], cwd=REPOSITORY, check=True, stdout=subprocess.PIPE
        )
        subprocess.run(["tar", "-x"], cwd=self.project, check=True, input=archive.stdout)
        file = self.declaration
        declared = _with_a_small_budget(yaml.safe_load(file.read_text()))
        file.write_text(yaml.safe_dump(declared, sort_keys=False))

    def improve(self) -> None:
        """The first champion was one that can be beaten."""
        declared = yaml.safe_load(self.declaration.read_text())
        attributes = declared["attributes"]
        attributes["task"]["calibration"] = "sigmoid"
        attributes["training"]["candidates"][0]["estimator"]["params"] |= CAREFUL
        self.declaration.write_text(yaml.safe_dump(declared, sort_keys=False))

    @property
    def declaration(self) -> Path:
        """The YAML of the one model."""
        return self.project / "mlops_platform" / "defs" / MODEL / "defs.yaml"

    def live(self) -> None:
        """Everything that happens in this home."""
        self.demo(weeks=1)
        self.train(minimum_roc_auc="0.999")
        self.improve()
        self.train()
        self.serve_some_requests()
        self.demo(weeks=2)
        self.mlops("incidents", "ack", f"{MODEL}-1", "--reason", "seen", "--actor", "alice")
        self.mlops("freeze", MODEL, "--reason", "the drill looks at it", "--actor", "alice")

    def demo(self, *, weeks: int) -> None:
        """The demo up to so many weeks after its first training."""
        program = (
            "from datetime import date; from mlops_platform.cli import main\n"
            "try: from mlops_platform.demo import story as demo\n"
            "except ImportError: from mlops_platform.cli import demo\n"
            f"demo.FIRST_TRAINING = date.fromisoformat('{FIRST_TRAINING}'); "
            f"main(['demo', '--windows', '{weeks}'])"
        )
        self.run(sys.executable, "-c", program)

    def train(self, minimum_roc_auc: str = "0.5") -> None:
        """A training that a person starts."""
        job = ("dg", "launch", "--job", f"train_{MODEL}")
        self.run(*job, HOME_MINIMUM_ROC_AUC=minimum_roc_auc)

    def serve_some_requests(self) -> None:
        """Answers of the champion by key, some of them asked for again."""
        port = _free_port()
        serve = ("mlops", "serve", MODEL, "--port", str(port))
        with subprocess.Popen(serve, cwd=self.project, env=self.environment) as server:
            try:
                _wait_until_ready(server, port)
                for flight in self.flights():
                    _ask(port, "/v1/predict_by_entity", {"flight_id": flight})
            finally:
                server.send_signal(signal.SIGTERM)
                server.wait(60)

    def flights(self) -> list[str]:
        """Flights that the online store knows at the present of this home."""
        query = (
            "select flight_id from features.flight_features "
            f"where local_date >= '{WEEKS[0]}' order by event_time desc limit 40"
        )
        return self.mlops("sql", "--csv", query).splitlines()[1:]

    def mlops(self, *arguments: str) -> str:
        """Output of a command of the platform."""
        return self.run("mlops", *arguments)

    def run(self, *command: str, **environment: str) -> str:
        """Output of a command that must succeed."""
        ended = subprocess.run(
            command,
            cwd=self.project,
            env={**self.environment, **environment},
            capture_output=True,
            text=True,
            timeout=LONGEST_SECONDS,
        )
        if ended.returncode:
            raise SystemExit(f"{' '.join(command)}: {(ended.stdout + ended.stderr)[-6000:]}")
        return ended.stdout

    @property
    def environment(self) -> dict[str, str]:
        """What the commands of this project and of this home need."""
        scripts = str(Path(sys.executable).parent)
        return {
            **os.environ,
            "PYTHONPATH": str(self.project),
            "PATH": os.pathsep.join([scripts, os.environ["PATH"]]),
            "MLOPS_HOME": str(self.home),
            "DAGSTER_HOME": str(self.home / "dagster"),
            "COLUMNS": "200",
        }


def pack(life: Life, told: dict[str, str], archive: Path) -> None:
    """Write the archive, whole or not at all."""
    for name in MADE_AGAIN:
        shutil.rmtree(life.home / name, ignore_errors=True)
    for report in life.home.glob(REPORTS):
        report.write_text("<html>Evidently's report was here.</html>")
    contents = life.home.parent / "told.json"
    contents.write_text(json.dumps({"home": str(life.home), **told}, indent=2))
    temporary = archive.with_suffix(".tmp")
    with tarfile.open(temporary, "w:xz", preset=9) as packed:
        packed.add(life.home, "home")
        packed.add(contents, "told.json")
        packed.add(life.declaration, "defs.yaml")
    temporary.rename(archive)


def _with_a_small_budget(declared: dict[str, Any]) -> dict[str, Any]:
    """Two trials, a gate that a person's training can make impossible, alarms that ring."""
    attributes = declared["attributes"]
    attributes["training"]["history"]["split"] = {"validation_days": 3, "test_days": 3}
    attributes["training"]["tuning"] |= {"trials": 2, "folds": 2, "max_rows": 4000}
    boosting = attributes["training"]["candidates"][1]
    boosting["estimator"]["params"] |= OVERFITTED
    attributes["training"]["candidates"] = [boosting]
    attributes["task"]["calibration"] = "temperature"
    attributes["evaluation"]["permutation_rows"] = 100
    attributes["gate"] |= {
        "limits": {
            "roc_auc": "{{ env('HOME_MINIMUM_ROC_AUC', '0.5') }}",
            "expected_calibration_error": 1.0,
        },
        "improvement": {"margin": 0.0, "confidence": 0.51, "min_days": 1},
        "better_than_baseline": False,
        "max_subgroup_loss_ratio": 99.0,
        "max_row_cpu_milliseconds": 1000,
    }
    attributes["monitoring"]["performance"]["loss_increase"] = {"warn": -1.0, "error": 5.0}
    attributes["monitoring"]["drift"]["sample_rows"] = 500
    attributes["retraining"]["policy"] |= {"loss_increase": 9.0, "worse_than_baseline": False}
    return declared


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


def _wait_until_ready(server: subprocess.Popen[bytes], port: int) -> None:
    deadline = time.monotonic() + LONGEST_SECONDS
    while True:
        if server.poll() is not None or time.monotonic() > deadline:
            raise SystemExit("the service did not become ready")
        try:
            with closing(HTTPConnection("127.0.0.1", port, timeout=10)) as connection:
                connection.request("GET", "/readyz")
                if connection.getresponse().status == 200:
                    return
        except (OSError, HTTPException):
            time.sleep(0.2)


def _ask(port: int, route: str, body: dict[str, Any]) -> None:
    with closing(HTTPConnection("127.0.0.1", port, timeout=60)) as connection:
        connection.request("POST", route, json.dumps(body), {"Content-Type": "application/json"})
        response = connection.getresponse()
        if response.status != 200:
            raise SystemExit(f"{route} {body}: {response.status} {response.read()!r}")


if __name__ == "__main__":
    main()
