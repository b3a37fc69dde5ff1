"""What chance a candidate gives to the outcomes of each class, beside their share.

A mean loss hardly shows a rare class: a model that gives none of its outcomes a chance may still be
better than the baseline. On the outcomes of one class, a calibrated model gives it more than its
share of the training rows, if only by a little: the mean gain in the logarithm of the probability
is a divergence of Kullback and Leibler, which is never below 0, however frequent the class is in
the test rows. Of a class that hardly any training row has the share says nothing: there it is that
of the test rows.
"""

from __future__ import annotations

from collections.abc import Sequence
from math import exp
from typing import TYPE_CHECKING, Any, Final, NamedTuple

from mlops_platform.fairness.group_means import group_means
from mlops_platform.record import Record
from mlops_platform.tasks import DetailTable

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from mlops_platform.tasks import Predictions, Task
    from mlops_platform.tasks.predictions import Numbers, Targets

CONFIDENCE: Final = 0.95
"""One-sided, of `ClassChance.at_most`."""
MOST_GAINED: Final = 14.0
"""Probabilities are 1e-6 or more, so that no logarithm of one over another is larger."""

MOST_TOLD: Final = 6


class ClassChance(Record):
    """Of the test rows whose outcome is one class.

    Attributes:
        outcomes: how many there are.
        times: the chance that the candidate gives them, a geometric mean, over their share; None
            where there are none.
        at_most: what this surely is at most; None with fewer than three days (rows or groups,
            without event time).
    """

    name: str
    outcomes: int
    times: float | None = None
    at_most: float | None = None


def taught_shares(
    task: Task, targets: Targets, weights: Numbers | None, min_events: int
) -> tuple[float | None, ...]:
    """Share of each class among training rows; None of one that fewer than `min_events` have."""
    import numpy as np

    count = len(task.judged_classes)
    rows = np.bincount(targets, minlength=count).tolist()
    sums = np.bincount(targets, weights, count)
    shares = (sums / sums.sum()).tolist()
    return tuple(
        share if number >= max(min_events, 1) else None
        for share, number in zip(shares, rows, strict=True)
    )


def class_chances_of(
    task: Task,
    targets: Targets,
    stated: Predictions,
    units: NDArray[Any],
    taught: Sequence[float | None],
) -> tuple[ClassChance, ...]:
    """Of each declared class, in their order; none of a task whose classes are not judged apart.

    Args:
        stated: predictions of the candidate, in the order of the targets.
        units: the day, group or handful of each row, shape (rows,).
        taught: as `taught_shares` has it.
    """
    import numpy as np

    names = task.judged_classes
    if not names:
        return ()
    weights = np.ones(len(targets)) if stated.weights is None else stated.weights
    declared = targets >= 0
    codes, counted = targets[declared], weights[declared]
    tested = (np.bincount(codes, counted, len(names)) / weights.sum()).tolist()
    shares = np.array(
        [own if own is not None else met for own, met in zip(taught, tested, strict=True)]
    )
    gains = task.log_chances(targets, stated)[declared] - np.log(shares[codes])
    of_classes = group_means(gains, codes, len(names), units[declared], counted)
    chances = []
    for position, name in enumerate(names):
        outcomes = int(of_classes.rows[position])
        ends = of_classes.interval(position, 2 * CONFIDENCE - 1)
        chances.append(
            ClassChance(
                name=name,
                outcomes=outcomes,
                times=exp(of_classes.means[position]) if outcomes else None,
                at_most=None
                if ends is None or ends.upper is None
                else exp(min(ends.upper, MOST_GAINED)),
            )
        )
    return tuple(chances)


class JudgedChances(NamedTuple):
    """Classes by whether they get the chance that they need, the least chance first.

    Args:
        missed: that surely get less.
        met: that do not.
        few: of which there are too few outcomes, or too few days of them, to be judged.
    """

    missed: tuple[ClassChance, ...]
    met: tuple[ClassChance, ...]
    few: tuple[ClassChance, ...]

    @property
    def worst(self) -> ClassChance | None:
        """Of those that are judged."""
        return next(iter((*self.missed, *self.met)), None)


def judged_chances(chances: Sequence[ClassChance], least: float, min_events: int) -> JudgedChances:
    """Judge them.

    Args:
        least: of `ClassChance.times`.
        min_events: outcomes without which a class is not judged.
    """
    known = sorted(
        (chance.times, chance.at_most, position)
        for position, chance in enumerate(chances)
        if chance.outcomes >= min_events and chance.times is not None and chance.at_most is not None
    )
    judged = {position for *_, position in known}
    return JudgedChances(
        missed=tuple(chances[at] for _, at_most, at in known if at_most < least),
        met=tuple(chances[at] for _, at_most, at in known if at_most >= least),
        few=tuple(chance for at, chance in enumerate(chances) if at not in judged),
    )


def judged_text(judged: JudgedChances, least: float, min_events: int) -> str:
    """What was found, as a clause."""
    few = _listed(judged.few)
    unjudged = f"too few outcomes, or days of them, to judge {few}" if few else ""
    if judged.worst is None:
        return f"{min_events} outcomes of a class are needed: {unjudged}"
    shown = judged.missed or (judged.worst,)
    clauses = "; ".join(
        f"{chance.name!r} ({chance.outcomes:,} outcomes) gets {chance.times:.3g} times the chance "
        f"that its share gives, at {CONFIDENCE:.0%} confidence at most "
        f"{chance.at_most:.3g}"
        for chance in shown
    )
    verdict = (
        f"{clauses}: at least {least:g} is needed"
        if judged.missed
        else f"none of {len(judged.met)} judged classes surely gets less than {least:g} times the "
        f"chance that its share gives; the least: {clauses}"
    )
    return f"{verdict} ({unjudged})" if unjudged else verdict


def _listed(chances: Sequence[ClassChance]) -> str:
    """Names with their outcomes; of many the first."""
    shown = [f"{chance.name!r} ({chance.outcomes:,})" for chance in chances[:MOST_TOLD]]
    rest = len(chances) - len(shown)
    return ", ".join(shown) + (f" and {rest} more" if rest else "")


def class_table(chances: Sequence[ClassChance]) -> DetailTable:
    """For the card; "-" where nothing is known."""
    unknown = "-"
    return DetailTable(
        title="Chance of the outcomes of each class",
        columns=("class", "outcomes", "times their share", "surely at most"),
        rows=tuple(
            (
                chance.name,
                chance.outcomes,
                unknown if chance.times is None else chance.times,
                unknown if chance.at_most is None else chance.at_most,
            )
            for chance in chances
        ),
    )
