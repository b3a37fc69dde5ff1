"""ImportanceShift: whether a candidate leans on other features than the champion."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Final

from mlops_platform.record import Record

MOST_TOLD: Final = 5
FEWEST_RANKED: Final = 3
"""Features that a rank correlation needs to say anything."""


class MovedImportance(Record):
    """A feature, or a group of correlated ones, with its share of the importance."""

    features: tuple[str, ...]
    champion: float
    candidate: float


class ImportanceShift(Record):
    """How much of the importance lies elsewhere than in the champion.

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


def importance_shift(
    version: int,
    champion: Mapping[str, float],
    candidate: Mapping[str, float],
    groups: Sequence[Sequence[str]] = (),
) -> ImportanceShift | None:
    """Compare importances by feature; None where one model leans on nothing.

    Half the sum of the differences of shares (total variation). Below zero counts as zero: chance
    has made it so.

    Args:
        version: of the champion.
        champion, candidate: importances; a feature that one of them lacks has none there.
        groups: of correlated features, within which importance may wander and means nothing.
    """
    together = {name: tuple(group) for group in groups for name in group}
    parts = dict.fromkeys(
        together.get(name, (name,)) for name in sorted({*champion, *candidate, *together})
    )
    before, after = _shares(champion), _shares(candidate)
    if not before or not after:
        return None
    moved = [
        MovedImportance(
            features=part,
            champion=sum(before.get(name, 0.0) for name in part),
            candidate=sum(after.get(name, 0.0) for name in part),
        )
        for part in parts
    ]
    moved.sort(key=lambda part: -abs(part.candidate - part.champion))
    return ImportanceShift(
        version=version,
        share=min(1.0, sum(abs(part.candidate - part.champion) for part in moved) / 2),
        rank_correlation=_rank_correlation(
            [name for name in champion if name in candidate], champion, candidate
        ),
        moved=tuple(part for part in moved[:MOST_TOLD] if part.candidate != part.champion),
    )


def _shares(importances: Mapping[str, float]) -> dict[str, float]:
    """Shares of the whole; empty where there is nothing to share."""
    positive = {name: max(0.0, value) for name, value in importances.items()}
    total = sum(positive.values())
    return {name: value / total for name, value in positive.items()} if total > 0 else {}


def _rank_correlation(
    common: Sequence[str], champion: Mapping[str, float], candidate: Mapping[str, float]
) -> float | None:
    from scipy.stats import spearmanr

    before, after = ([model[name] for name in common] for model in (champion, candidate))
    if len(common) < FEWEST_RANKED or len(set(before)) == 1 or len(set(after)) == 1:
        return None
    return float(spearmanr(before, after).statistic)
