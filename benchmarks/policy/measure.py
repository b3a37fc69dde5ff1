"""Retraining policies on the year of flights, by estimator and history."""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import joblib
import numpy as np
import pyarrow as pa

from benchmarks.policy.calibrators import CALIBRATORS, calibrated_losses
from benchmarks.policy.plain_fits import PlainFit, PlainTraining
from benchmarks.policy.plain_gate import PlainGate
from benchmarks.policy.published import online
from benchmarks.policy.tables import Config, Line, draw, policy_table
from benchmarks.policy.year import flight_spec, replayed_weeks, year_of_outcomes
from benchmarks.report import markdown_table, say
from mlops_platform.monitoring.policy.backtest.deciders import cusum, declared, planned
from mlops_platform.monitoring.policy.backtest.past import Past
from mlops_platform.monitoring.policy.backtest.plans import best_plans, every
from mlops_platform.monitoring.policy.backtest.walk import Decider, Gate, walk
from mlops_platform.spec import RetrainingSpec
from mlops_platform.training.rows import days_of, targets_of
from mlops_platform.usecases.backtest.past import past_of, training_moments

STARTS = 4
"""Weeks in which the first champion may begin: the phases of a calendar of four weeks."""
TEST_DAYS = (7, 14)
ONLINE_PRICE = 0.01
"""Of a fit, in log loss times weeks."""
CONFIDENCES = (0.6, 0.8, 0.95)
PARAMS: Mapping[str, Mapping[str, Any]] = {
    # What the demo's search finds on January to March.
    "hist_gradient_boosting": {
        "estimator.max_leaf_nodes": 18,
        "estimator.min_samples_leaf": 241,
        "estimator.max_features": 0.25566,
    },
    "logistic_regression": {"estimator.C": 0.01},
}
NINE_FITS: Mapping[int | None, float] = {None: 0.15, 90: 0.30}
"""Share of new rows that spends nine fits between April and December, by the calendar alone: on
all history the rows grow about fourfold, and 4^(1/10) = 1.15; on 90 days 273 / 10 / 90 = 0.30."""


@dataclass(frozen=True, eq=False)
class Measured:
    """One estimator on one history: what every policy is walked over."""

    candidate: str
    history_days: int | None
    fits: Sequence[PlainFit]
    past: Past

    @property
    def name(self) -> str:
        """What the column is called."""
        short = "HGB" if self.candidate.startswith("hist") else "LR"
        return f"{short}, {'all' if self.history_days is None else f'{self.history_days} d'}"


def measure_policies(home: Path | None) -> str:
    """Fit, walk, and return the tables; the picture goes beside the results.

    Args:
        home: folder of the year's features and of the fits, kept from one run to the next.
    """
    home = home or Path(os.environ.get("TMPDIR", "/tmp")) / "mlops-policy-benchmark"  # noqa: S108
    measured = list(_measured(home))
    configs = [_config(one) for one in measured]
    draw(configs, Path(__file__).parent.parent / "results" / "policy.png")
    return "\n\n".join(
        [
            "Share of weekly retraining's benefit / number of fits; in brackets the means over "
            f"{STARTS} starts of the first champion, weeks from 1 April on.",
            policy_table(configs),
            "![share of the benefit against the number of fits](policy.png)",
            "With a gate on the last days (refitted after it; one-sided confidence, days "
            "resampled), share / releases. *Ungated* is 100 % for every week.",
            _gate_table(measured, home),
            f"With a calibrator fitted on the last {max(TEST_DAYS)} days before each fit: log "
            "loss, never and every week.",
            _calibrator_table(measured, home),
        ]
    )


def _measured(home: Path) -> Iterator[Measured]:
    spec, outcomes = flight_spec(), None
    weeks = replayed_weeks(spec)
    for days in NINE_FITS:
        for candidate, params in PARAMS.items():
            outcomes = year_of_outcomes(spec, home) if outcomes is None else outcomes
            training = PlainTraining(spec, candidate, params, outcomes, days, TEST_DAYS)
            file = home / f"{candidate}-{days or 'all'}.joblib"
            if not file.is_file():
                say(f"fits of {candidate}, {days or 'all'} days")
                joblib.dump(training.fits(training_moments(weeks), workers=2), file)
            fits: list[PlainFit] = joblib.load(file)
            scored = [fit.scored(targets_of(outcomes, spec), spec) for fit in fits]
            table = pa.Table.from_pandas(outcomes, preserve_index=False)
            yield Measured(candidate, days, fits, past_of(spec, weeks, scored, table))


def _config(measured: Measured) -> Config:
    past = measured.past
    share = Shares(past)
    return Config(
        name=measured.name,
        never=share.never,
        weekly=share.weekly,
        cpu_seconds=float(np.mean([fit.cpu_seconds for fit in past.fits])),
        lines=[*_lines(measured), *_hindsight(past)],
    )


@dataclass(frozen=True, eq=False)
class Shares:
    """Log loss of walks, and their share of the weekly benefit."""

    past: Past

    def log_loss(self, serving: Sequence[int]) -> float:
        """Per labelled row."""
        sums = self.past.by_window("loss")[list(serving), range(len(serving))]
        return float(sums.sum() / self.past.window_rows.sum())

    @property
    def never(self) -> float:
        """Of the first champion."""
        return self.log_loss([0] * len(self.past.windows))

    @property
    def weekly(self) -> float:
        """Of a fit for every week."""
        return self.log_loss(range(len(self.past.windows)))

    def of(self, serving: Sequence[int]) -> float:
        """Share of what weekly retraining saves."""
        return (self.never - self.log_loss(serving)) / (self.never - self.weekly)


def _deciders(history_days: int | None) -> Iterator[tuple[str, str, Decider | int]]:
    """Name, kind and decider; a calendar by its period, since its plan depends on the start."""
    for period in (1, 2, 4, 8, 13):
        yield f"every {period} weeks" if period > 1 else "every week", "calendar", period
    yield "CUSUM of the loss", "published", cusum(0.01, 0.2)
    yield "retrainopt base", "published", online("base", ONLINE_PRICE)
    yield "retrainopt learned", "published", online("learned", ONLINE_PRICE)
    yield "performance +0.02", "rule", _rule({"rule": "performance", "loss_increase": 0.02})
    share = NINE_FITS[history_days]
    for fits, factor in ((9, 1.0), (6, 1.5), (4, 2.0)):
        grown = {"rule": "data_growth", "share": factor * share}
        yield f"data growth, for {fits} fits", "growth", _rule(grown)


def _rule(policy: Mapping[str, Any]) -> Decider:
    return declared(RetrainingSpec.model_validate({"policy": policy}))


def _lines(measured: Measured) -> Iterator[Line]:
    for name, kind, decider in _deciders(measured.history_days):
        walks = [_walked(measured.past.since(start), decider) for start in range(STARTS)]
        yield Line(
            policy=name,
            kind=kind,
            fits=walks[0][0],
            share=walks[0][1],
            over_starts=float(np.mean([share for _, share in walks])),
            fits_over_starts=float(np.mean([fits for fits, _ in walks])),
        )


def _walked(past: Past, decider: Decider | int) -> tuple[int, float]:
    if isinstance(decider, int):
        decider = planned(every(len(past.windows), decider))
    found = walk(past, decider)
    return len(found.attempts), Shares(past).of(found.serving)


def _hindsight(past: Past) -> Iterator[Line]:
    for fits, plan in enumerate(best_plans(past.by_window("loss"), 12)):
        if fits:
            share = Shares(past).of(walk(past, planned(plan)).serving)
            yield Line(f"best {fits} in hindsight", "hindsight", fits, share)


def _gate_table(measured: Sequence[Measured], home: Path) -> str:
    spec = flight_spec()
    outcomes = year_of_outcomes(spec, home)
    labels, days = targets_of(outcomes, spec), days_of(outcomes, spec)
    rows = []
    for test_days in TEST_DAYS:
        for confidence in CONFIDENCES:
            cells = []
            for one in measured:
                gate = PlainGate(one.fits, labels, days, test_days, confidence)
                cells.append(_gated(one.past, gate))
            rows.append([f"{test_days} days, {confidence:.0%}", *cells])
    return markdown_table(["gate, asked every week", *(one.name for one in measured)], rows)


def _calibrator_table(measured: Sequence[Measured], home: Path) -> str:
    spec = flight_spec()
    outcomes = year_of_outcomes(spec, home)
    labels, days = targets_of(outcomes, spec), days_of(outcomes, spec)
    windows = [
        np.flatnonzero((days >= np.datetime64(one.start)) & (days < np.datetime64(one.end)))
        for one in replayed_weeks(spec)
    ]
    found = [calibrated_losses(one.fits, labels, windows, max(TEST_DAYS)) for one in measured]
    rows = [
        [name, *("{:.4f} / {:.4f}".format(*losses[name]) for losses in found)]
        for name in CALIBRATORS
    ]
    return markdown_table(["calibrator", *(one.name for one in measured)], rows)


def _gated(past: Past, gate: Gate) -> str:
    found = walk(past, planned(every(len(past.windows), 1)), gate)
    releases = sum(one.promoted for one in found.attempts)
    return f"{Shares(past).of(found.serving):.0%} / {releases}"
