"""ImportanceShift: whether a candidate leans on other features than the champion."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Final

from mlops_platform.record import Record
from mlops_platform.training.explaining.importance import Importances, means_of_parts

if TYPE_CHECKING:
    from pandas import DataFrame

    from mlops_platform.spec import ModelSpec
    from mlops_platform.tasks import Finished, Predictions

MOST_TOLD: Final = 5
FEWEST_RANKED: Final = 3
"""Features, or groups, that a rank correlation needs to say anything."""
Part = tuple[str, ...]
"""A feature, or a group of highly correlated ones, within which importance may wander."""


class MovedImportance(Record):
    """A feature, or a group of correlated ones, with its share of the importance."""

    features: Part
    champion: float
    candidate: float


class ImportanceShift(Record):
    """How much of the importance lies elsewhere than in the champion, on the same rows.

    Attributes:
        version: of the champion.
        share: of the importance that has moved, from 0 (none) to 1 (all).
        rank_correlation: Spearman's, of the features that both have; None where they are too few,
            or all equally important.
        moved: what moved most.
    """

    version: int
    share: float
    rank_correlation: float | None
    moved: tuple[MovedImportance, ...]


def shift_from(
    spec: ModelSpec,
    champion: Finished,
    version: int,
    rows: DataFrame,
    predictions: Predictions,
    importances: Importances,
) -> ImportanceShift | None:
    """Measure the champion as the candidate was measured; None where one leans on nothing.

    Args:
        champion: the released model; its baseline does not matter.
        version: of the champion.
        rows: the candidate's test rows, on whose days both are measured.
        predictions: of the candidate; their weights count.
        importances: of the candidate.
    """
    candidate = _by_part(importances)
    read = [str(name) for name in champion.model.feature_names_in_]
    parts = [tuple(name for name in part if name in read) for part in candidate]
    known = {name for part in parts for name in part}
    alone = [(name,) for name in read if name not in known]
    asked = [part for part in (*parts, *alone) if part]
    means = means_of_parts(spec, champion, rows, predictions, asked)
    whole = {part: means.get(own, 0.0) for part, own in zip(candidate, parts, strict=True) if own}
    return importance_shift(version, {**whole, **{part: means[part] for part in alone}}, candidate)


def importance_shift(
    version: int, champion: Mapping[Part, float], candidate: Mapping[Part, float]
) -> ImportanceShift | None:
    """Compare importances by part; None where one model leans on nothing.

    Half the sum of the differences of shares (total variation). Below zero counts as zero: chance
    has made it so.

    Args:
        version: of the champion.
        champion, candidate: importances; a part that one of them lacks has none there.
    """
    before, after = _shares(champion), _shares(candidate)
    if not before or not after:
        return None
    moved = [
        MovedImportance(
            features=part, champion=before.get(part, 0.0), candidate=after.get(part, 0.0)
        )
        for part in dict.fromkeys((*candidate, *champion))
    ]
    moved.sort(key=lambda part: -abs(part.candidate - part.champion))
    return ImportanceShift(
        version=version,
        share=min(1.0, sum(abs(part.candidate - part.champion) for part in moved) / 2),
        rank_correlation=_rank_correlation(
            [(champion[part], candidate[part]) for part in candidate if part in champion]
        ),
        moved=tuple(part for part in moved[:MOST_TOLD] if part.candidate != part.champion),
    )


def _by_part(importances: Importances) -> dict[Part, float]:
    grouped = {name for group in importances.groups for name in group.features}
    alone = [single for single in importances.features if single.feature not in grouped]
    return {
        **{group.features: group.mean for group in importances.groups},
        **{(single.feature,): single.mean for single in alone},
    }


def _shares(importances: Mapping[Part, float]) -> dict[Part, float]:
    """Shares of the whole; empty where there is nothing to share."""
    positive = {part: max(0.0, value) for part, value in importances.items()}
    total = sum(positive.values())
    return {part: value / total for part, value in positive.items()} if total > 0 else {}


def _rank_correlation(pairs: Sequence[tuple[float, float]]) -> float | None:
    from scipy.stats import spearmanr

    if len(pairs) < FEWEST_RANKED or any(len(set(side)) == 1 for side in zip(*pairs, strict=True)):
        return None
    return float(spearmanr(*zip(*pairs, strict=True)).statistic)
