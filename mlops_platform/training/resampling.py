"""Resampling by class of the rows that a candidate is fitted on, and of no others."""

from __future__ import annotations

from math import ceil, floor
from typing import TYPE_CHECKING, Any

from mlops_platform.record import Record
from mlops_platform.spec import CandidateSpec, ModelSpec, ResamplingSpec
from mlops_platform.tasks import Rows
from mlops_platform.tasks.weights import relative_weights
from mlops_platform.training.rows import task_rows

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray
    from pandas import DataFrame

    from mlops_platform.tasks.predictions import Targets


class ResamplingFacts(Record):
    """What resampling made of the rows of a fit.

    Args:
        method: in words, with its ratio.
        rows, resampled_rows: before and after.
        targets, resampled_targets: what the outcomes are like, by name, before and after.
    """

    method: str
    rows: int
    resampled_rows: int
    targets: dict[str, float]
    resampled_targets: dict[str, float]


def fitted_rows(rows: Rows, candidate: CandidateSpec, seed: int) -> Rows:
    """The rows that a candidate is fitted on: these, or a sample of them as it declares it."""
    if candidate.resampling is None:
        return rows
    positions = resampled_positions(rows.targets, candidate.resampling, seed)
    weights = None if rows.weights is None else relative_weights(rows.weights[positions])
    return Rows(rows.features.iloc[positions], rows.targets[positions], weights)


def resampled_positions(targets: Targets, resampling: ResamplingSpec, seed: int) -> NDArray[Any]:
    """Positions of the rows to fit on, in their order; of a repeated row more than once.

    Of undersampling no class keeps more rows than `1 / ratio` times those of the rarest one, of
    oversampling none has fewer than `ratio` times those of the most frequent one.
    """
    import numpy as np

    classes, class_of_row, counts = np.unique(targets, return_inverse=True, return_counts=True)
    random, parts = np.random.default_rng(seed), []
    most = floor(counts.min() / resampling.ratio)
    fewest = ceil(counts.max() * resampling.ratio)
    for number in range(len(classes)):
        members: NDArray[np.intp] = np.flatnonzero(class_of_row == number)
        if resampling.method == "undersample" and len(members) > most:
            members = random.choice(members, most, replace=False)
        if resampling.method == "oversample" and len(members) < fewest:
            added = random.choice(members, fewest - len(members), replace=True)
            members = np.concatenate([members, added])
        parts.append(members)
    return np.sort(np.concatenate(parts))


def resampling_facts(
    spec: ModelSpec, candidate: CandidateSpec, rows: DataFrame
) -> ResamplingFacts | None:
    """What becomes of the rows that a candidate is fitted on; None where they stay as they are."""
    resampling = candidate.resampling
    if resampling is None:
        return None
    before = task_rows(rows, spec)
    after = fitted_rows(before, candidate, spec.training.tuning.seed)
    return ResamplingFacts(
        method=f"{resampling.method} to a ratio of {resampling.ratio:g}",
        rows=len(before.targets),
        resampled_rows=len(after.targets),
        targets=spec.task.facts(before.targets, before.weights),
        resampled_targets=spec.task.facts(after.targets, after.weights),
    )
