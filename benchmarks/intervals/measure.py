"""Intervals of the arrival delay, week by week of 2013."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from datetime import timedelta
from pathlib import Path

import numpy as np

from benchmarks.intervals.champions import Champion
from benchmarks.intervals.choice import (
    ADAPTIVE,
    DEARER,
    PLATFORM,
    Outcome,
    choice_table,
    chosen,
    level_rule,
    outcomes,
)
from benchmarks.intervals.flights import DAY
from benchmarks.intervals.goals import (
    DEPLOYED,
    PLAIN,
    SPLIT,
    STILL,
    UNCONDITIONAL,
    goal_table,
    way_table,
)
from benchmarks.intervals.losses import loss_estimates
from benchmarks.intervals.subgroups import FEWEST_ROWS, subgroup_table
from benchmarks.intervals.ways import (
    MATURED_AFTER_DAYS,
    Way,
    additive,
    following,
    held_out,
    quantile_regression,
    scaled,
    split_conformal,
    unconditional,
)
from benchmarks.intervals.weeks import (
    REPORTED,
    Deployments,
    Served,
    Weeks,
    deployments,
    skill_by_week,
)
from benchmarks.policy.year import FIRST_WINDOW, WINDOWS
from benchmarks.report import markdown_table
from mlops_platform.tasks.regression.adaptation import LevelRule

LATE = (2, 8, 15, 29)
CAREFUL_STEP = 0.1


def measure_intervals(home: Path | None) -> str:
    """Fit, replay, and return the tables.

    Args:
        home: folder of the year's features and of the champions, kept from one run to the next.
    """
    home = home or Path(os.environ.get("TMPDIR", "/tmp")) / "mlops-intervals-benchmark"  # noqa: S108
    home.mkdir(parents=True, exist_ok=True)
    deployed = deployments(home)
    _refuse_labels_from_the_future(deployed)
    tried = outcomes(deployed)
    rules = {way: _rule_of(chosen(tried, way)) for way in ADAPTIVE}
    ways = _ways(rules)
    served = {
        name: {way: Served.by(ends, ordered) for way, ends in ways.items()}
        for name, ordered in deployed.items()
    }
    return "\n\n".join(
        [
            "## July to December",
            goal_table(served),
            "The other ways. *In minutes*: scores and corrections as Romano et al. published them; "
            "*by reaches*: relative to each row's own distance from its prediction to its quantile "
            f"predictions. CQR alone takes the latest {rules[PLATFORM].window_days} days at the "
            "promised level; *held-out rows*: those before the release set it once, as a release "
            "does.",
            *(way_table(name, by_way) for name, by_way in served.items()),
            "## Step and window, chosen on April to June",
            "Mean distance of a week's coverage from the promise, mean over the three "
            "deployments; in brackets the interval score over that of the best way whose level "
            f"stands still (step 0). Bold is each way's choice: the smallest distance among those "
            f"whose interval score is at most {DEARER - 1:.0%} above.",
            choice_table(tried),
            "The level as published comes a little nearer, for more width; why it is not the "
            "platform's is seen where labels are late.",
            "## Subgroups, July to December",
            "Coverage and its 90 % interval, days resampled; subgroups of fewer than "
            f"{FEWEST_ROWS} rows are left out. Bold where the interval reaches below 0.85.",
            subgroup_table({name: by[PLATFORM] for name, by in served.items()}),
            "## Late labels",
            "Coverage of the weeks July to December, the champion never retrained: mean; within "
            "0.85 to 0.95; within 0.88 to 0.92; interval score. *As published*: the level is moved "
            "by the misses of the intervals that were served. Each at its chosen step, and at a "
            "careful one.",
            _late_labels(deployed["never"], rules),
            "## The loss, without labels",
            "Mean absolute error of a week's estimated mean absolute error, in minutes, and its "
            "correlation with what came of the week. Known when it is made: days whose labels were "
            "all known when the week began.",
            _losses(deployed),
            "## By week",
            _by_week(deployed, served),
        ]
    )


def _refuse_labels_from_the_future(deployed: Deployments) -> None:
    """A day counts as known from the second day after it on: no label may be later."""
    for champion in (one for ordered in deployed.values() for one in ordered):
        delays = (champion.served.known_from - champion.served.days) / DAY
        if delays.max() > MATURED_AFTER_DAYS or champion.held_out.known_from.max() > champion.start:
            raise SystemExit(f"labels of the champion of {champion.start} are used too early")


def _rule_of(outcome: Outcome) -> LevelRule:
    return level_rule(outcome.step, outcome.window)


def _ways(rules: Mapping[str, LevelRule]) -> dict[str, Way]:
    still = rules[PLATFORM].model_copy(update={"step": 0.0})
    return {
        UNCONDITIONAL: unconditional,
        SPLIT: split_conformal,
        PLAIN: quantile_regression,
        "CQR in minutes": following(additive, still),
        DEPLOYED: held_out,
        STILL: following(scaled, still),
        **{way: ADAPTIVE[way](rule) for way, rule in rules.items()},
    }


def _late_labels(champions: Sequence[Champion], rules: Mapping[str, LevelRule]) -> str:
    rows = []
    for way, chosen_rule in rules.items():
        for step in (chosen_rule.step, CAREFUL_STEP):
            rule = chosen_rule.model_copy(update={"step": step})
            cells = []
            for delay in LATE:
                weeks = Weeks.of(Served.by(ADAPTIVE[way](rule, delay), champions))
                cells.append(
                    f"{weeks.coverage[REPORTED].mean():.3f}; {weeks.within(0.05, REPORTED):.0%}; "
                    f"{weeks.within(0.02, REPORTED):.0%}; {weeks.score[REPORTED].mean():.0f}"
                )
            rows.append([f"{way}, step {step:g}", *cells])
    return markdown_table(["way", *(f"known after {delay} days" for delay in LATE)], rows)


def _losses(deployed: Deployments) -> str:
    estimates = {name: loss_estimates(ordered) for name, ordered in deployed.items()}
    ways = [
        column
        for column in next(iter(estimates.values())).columns
        if column not in ("week", "realised")
    ]
    rows = []
    for way in ways:
        cells = []
        for frame in estimates.values():
            errors = (frame[way] - frame["realised"]).abs()
            late = frame["week"] >= REPORTED.start
            correlation = np.corrcoef(frame[way], frame["realised"])[0, 1]
            cells.append(f"{errors.mean():.2f} / {errors[late].mean():.2f} ({correlation:.2f})")
        rows.append([way, *cells])
    header = [
        f"retrained {name}, realised {frame['realised'].mean():.1f}"
        for name, frame in estimates.items()
    ]
    return markdown_table(["April to December / July to December (correlation)", *header], rows)


def _by_week(deployed: Deployments, served: Mapping[str, Mapping[str, Served]]) -> str:
    columns: dict[str, np.ndarray] = {}
    for name in ("never", "every 4 weeks"):
        columns[f"D2, {name}"] = skill_by_week(deployed[name])
        for label, way in (
            ("split", SPLIT),
            ("quantile regression", PLAIN),
            ("**platform**", PLATFORM),
        ):
            weeks = Weeks.of(served[name][way])
            columns[f"{label}, {name}"] = weeks.coverage
            if way == PLATFORM:
                columns[f"interval score, {name}"] = weeks.score
    rows = []
    for week in range(WINDOWS):
        cells = [
            f"{values[week]:.0f}" if "score" in column else f"{values[week]:.3f}"
            for column, values in columns.items()
        ]
        rows.append([str(FIRST_WINDOW + timedelta(weeks=week)), *cells])
    return markdown_table(["week from", *columns], rows)
