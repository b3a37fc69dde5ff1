"""What retraining would have been worth to every instance with time."""

from __future__ import annotations

import json
import os
import subprocess
from collections.abc import Sequence
from pathlib import Path

from benchmarks.instances.homes import COMMAND, Instance
from benchmarks.report import markdown_table, say
from mlops_platform.monitoring.policy.backtest.outcome import PolicyOutcome, ResampledFigure
from mlops_platform.monitoring.policy.backtest.report import recommendation_text
from mlops_platform.usecases.backtest.replay import DECLARED, PolicyBacktest

HEADER = (
    "instance",
    "windows",
    "loss, never",
    "every window",
    "CUSUM",
    "declared",
    "declared, with the gate",
    "CPU s a fit",
)
NEVER, EVERY_WINDOW, CUSUM = "never", "every window", "CUSUM"


def measure_backtests(instances: Sequence[Instance]) -> str:
    """A line per instance, and below the table what each backtest recommends."""
    timed = [instance for instance in instances if instance.spec.features.has_event_time]
    backtests = [_backtest(instance) for instance in timed]
    recommended = [
        f"- `{backtest.model}`, with `{backtest.recipe.candidate}`: "
        f"{recommendation_text(backtest.recommendation)}"
        for backtest in backtests
    ]
    lines = [_line(instance, backtest) for instance, backtest in zip(timed, backtests, strict=True)]
    return "\n\n".join((markdown_table(list(HEADER), lines), "\n".join(recommended)))


def _backtest(instance: Instance) -> PolicyBacktest:
    """What the command says; the better part of an hour for some, so that it is kept."""
    kept = instance.place.home / "backtest_answer.json"
    if not kept.is_file():
        say(f"backtest of {instance.spec.name}")
        kept.write_text(_answered(instance.place.home, instance.spec.name))
    return PolicyBacktest.model_validate(json.loads(kept.read_text())["backtest"])


def _answered(home: Path, model: str) -> str:
    environment = {**os.environ, "MLOPS_HOME": str(home), "OMP_NUM_THREADS": "1"}
    environment.pop("DAGSTER_HOME", None)
    ended = subprocess.run(
        [COMMAND, "backtest", model, "--json"],
        env=environment,
        check=False,
        capture_output=True,
        text=True,
    )
    if ended.returncode:
        raise SystemExit(f"mlops backtest {model}: {(ended.stdout + ended.stderr)[-6000:]}")
    return ended.stdout


def _line(instance: Instance, backtest: PolicyBacktest) -> list[str]:
    history = instance.spec.training.history.rolling_days
    outcomes = {
        (outcome.policy, outcome.gated): outcome
        for outcome in backtest.outcomes
        if outcome.history_days == history
    }
    weekly = outcomes[EVERY_WINDOW, False]
    return [
        backtest.model,
        str(len(backtest.windows)),
        _figure(outcomes[NEVER, False].loss),
        _figure(weekly.loss),
        _policy(outcomes[CUSUM, False]),
        _policy(outcomes[DECLARED, False]),
        _policy(outcomes[DECLARED, True]),
        f"{weekly.cpu_seconds / max(weekly.fits, 1):.1f}",
    ]


def _figure(figure: ResampledFigure) -> str:
    return f"{figure.value:.4g} ({figure.low:.4g} to {figure.high:.4g})"


def _policy(outcome: PolicyOutcome) -> str:
    return f"{outcome.loss.value:.4g} by {outcome.releases:g} releases of {outcome.fits:g} fits"
