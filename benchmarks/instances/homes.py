"""Instances that were brought to their champion by the command that a user types."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from benchmarks.report import say
from mlops_platform.components.models import declared_specs
from mlops_platform.settings import Settings, read_settings
from mlops_platform.spec import ModelSpec
from mlops_platform.training.search.search import Recipe
from mlops_platform.usecases.candidate.judge import EvaluatedCandidate

COMMAND = Path(sys.executable).parent / "mlops"
MEASURED = "measured.json"


@dataclass(frozen=True)
class Instance:
    """A deployed model with a home of its own, in which it was trained once.

    Args:
        seconds: from the command to the champion, in a home without anything.
        answer: what `mlops train --json` said.
    """

    spec: ModelSpec
    place: Settings
    seconds: float
    answer: dict[str, object]

    @property
    def published(self) -> Path:
        """Root of its published tables."""
        return self.place.published

    @property
    def evaluated(self) -> EvaluatedCandidate:
        """What was measured of its first candidate."""
        file = self.place.records / "latest" / f"{self.spec.name}__evaluation.json"
        return EvaluatedCandidate.from_stored(file.read_bytes(), self.place.home)

    @property
    def recipe(self) -> Recipe:
        """What its search has chosen."""
        return self.evaluated.candidate.recipe


def trained_instances(root: Path, names: Sequence[str] = ()) -> Iterator[Instance]:
    """Every declared model, or those of these names, in a home below `root`; trained there once."""
    specs = [spec for spec in declared_specs() if not names or spec.name in names]
    for spec in sorted(specs, key=lambda spec: spec.name):
        home = root / spec.name
        if not (home / MEASURED).is_file():
            _train(spec, home)
        measured = json.loads((home / MEASURED).read_text())
        place = read_settings({"MLOPS_HOME": str(home)})
        yield Instance(spec, place, measured["seconds"], measured["answer"])


def environment_of(home: Path) -> dict[str, str]:
    """Of a command in a home, on one OpenMP thread."""
    others = {name: value for name, value in os.environ.items() if name != "DAGSTER_HOME"}
    return {**others, "MLOPS_HOME": str(home), "OMP_NUM_THREADS": "1"}


def _train(spec: ModelSpec, home: Path) -> None:
    say(f"training {spec.name}")
    environment = environment_of(home)
    subprocess.run([COMMAND, "setup"], env=environment, check=True, capture_output=True)
    started = time.perf_counter()
    ended = subprocess.run(
        [COMMAND, "train", spec.name, "--json"],
        env=environment,
        check=False,
        capture_output=True,
        text=True,
    )
    seconds = time.perf_counter() - started
    if ended.returncode:
        raise SystemExit(f"mlops train {spec.name}: {(ended.stdout + ended.stderr)[-6000:]}")
    if spec.release.is_manual:
        approval = [COMMAND, "approve", spec.name, "--reason", "measured"]
        subprocess.run(approval, env=environment, check=True, capture_output=True)
    written = {"seconds": seconds, "answer": json.loads(ended.stdout)}
    (home / MEASURED).write_text(json.dumps(written))
