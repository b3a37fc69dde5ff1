"""What retraining would have been worth to every instance with time."""

from __future__ import annotations

import subprocess
from collections.abc import Sequence
from pathlib import Path

from benchmarks.instances.homes import COMMAND, Instance, environment_of
from benchmarks.report import markdown_table, say
from mlops_platform.monitoring.policy.backtest.comparison import NEVER, every_name
from mlops_platform.monitoring.policy.backtest.outcome import PolicyOutcome, ResampledFigure
from mlops_platform.monitoring.policy.backtest.report import recommendation_text
from mlops_platform.spec.retraining.retraining import REFIT
from mlops_platform.usecases.backtest.replay import DECLARED, PolicyBacktest
from mlops_platform.usecases.backtest.report import RECORD_FILE

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
EVERY_WINDOW, CUSUM = every_name(1), "CUSUM"


def measure_backtests(instances: Sequence[Instance]) -> str:
    """A line per instance, and below the table what each backtest recommends."""
    lines, recommendations = [], []
    for instance in instances:
        if not instance.spec.features.has_event_time:
            continue
        backtest = _backtest(instance)
        if isinstance(backtest, PolicyBacktest):
            lines.append(_line(instance, backtest))
            text = recommendation_text(backtest.recommendation)
            recommendations.append(
                f"- `{backtest.model}`, with `{backtest.recipe.candidate}`: {text}"
            )
        else:
            recommendations.append(f"- `{instance.spec.name}`: {backtest}")
    return "\n\n".join((markdown_table(list(HEADER), lines), "\n".join(recommendations)))


def _backtest(instance: Instance) -> PolicyBacktest | str:
    """What the command says; the better part of an hour for some, so that it is kept.

    Returns:
        The sentence of a refusal, where there is not enough of a past.
    """
    kept = instance.place.backtest(instance.spec.name) / RECORD_FILE
    if not kept.is_file():
        say(f"backtest of {instance.spec.name}")
        ended = _ended(instance.place.home, instance.spec.name)
        if ended.returncode:
            return ended.stderr.strip().removeprefix("Error: ")
    return PolicyBacktest.from_stored(kept.read_bytes())


def _ended(home: Path, model: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [COMMAND, "backtest", model],
        env=environment_of(home),
        check=False,
        capture_output=True,
        text=True,
    )


def _line(instance: Instance, backtest: PolicyBacktest) -> list[str]:
    history = instance.spec.training.history.rolling_days
    outcomes = {
        (outcome.policy, outcome.gated): outcome
        for outcome in backtest.outcomes
        if outcome.history_days == history and outcome.update == REFIT
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
