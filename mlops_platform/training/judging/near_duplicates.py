"""Test rows whose texts are nearly those of rows that a candidate had seen before."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from mlops_platform.record import Record
from mlops_platform.tasks import DetailTable
from mlops_platform.tasks.weights import mean_of
from mlops_platform.training.judging.similar_texts import similar_texts

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from mlops_platform.spec import ModelSpec
    from mlops_platform.training.judging.comparison import PairedLosses
    from mlops_platform.training.split import Split

SIMILARITY: Final = 0.8
"""Share of the runs of words that two texts have in common, of those that either has."""
MOST_SEEN: Final = 50_000
"""Rows that the test rows are compared with, the newest."""


class Part(Record):
    """Some of the test rows; losses are None where there are none of them."""

    rows: int
    loss: float | None
    baseline_loss: float | None


class NearDuplicates(Record):
    """What a candidate is worth on texts that it had nearly seen, and on the others.

    Args:
        repeated: test rows with a near-duplicate among the rows that it was fitted or finished on.
        new: the others.
    """

    repeated: Part
    new: Part

    @property
    def share(self) -> float:
        """Of the test rows that are repeated."""
        return self.repeated.rows / (self.repeated.rows + self.new.rows)


def near_duplicates_of(spec: ModelSpec, split: Split, paired: PairedLosses) -> NearDuplicates:
    """Find them among the test rows of a split.

    Args:
        paired: losses of the baseline and of the candidate on these rows.
    """
    import pandas as pd

    texts = list(spec.features.text)
    seen = pd.concat([split.train[texts], split.validation[texts]]).tail(MOST_SEEN)
    repeated = similar_texts(split.test[texts], seen, SIMILARITY)
    return NearDuplicates(repeated=_part(paired, repeated), new=_part(paired, ~repeated))


def near_duplicate_table(found: NearDuplicates, baseline_name: str) -> DetailTable:
    """Both parts of the test rows side by side."""
    parts = {"nearly seen in training": found.repeated, "others": found.new}
    return DetailTable(
        title="Near-duplicate texts across the split",
        columns=("texts of the test rows", "rows", "loss", f"of the {baseline_name}"),
        rows=tuple(
            (name, part.rows, _shown(part.loss), _shown(part.baseline_loss))
            for name, part in parts.items()
        ),
    )


def _part(paired: PairedLosses, rows: NDArray[np.bool_]) -> Part:
    count = int(rows.sum())
    if not count:
        return Part(rows=0, loss=None, baseline_loss=None)
    weights = None if paired.weights is None else paired.weights[rows]
    baseline, own = (
        mean_of(losses[rows], weights) for losses in (paired.champion, paired.candidate)
    )
    return Part(rows=count, loss=own, baseline_loss=baseline)


def _shown(loss: float | None) -> float | str:
    return "-" if loss is None else loss
