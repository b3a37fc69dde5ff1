"""Rows that are new to a version, and pipelines that learn them on top of what it knows.

A version that learns on is two models: the one that is judged, which has seen neither validation
nor test, and the one that is released, which has seen all. Each is taught what is new to itself, so
that an update is judged as a refit is: by a model that has not seen the rows it is judged by.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from mlops_platform.tasks.fitting.incremental import IncrementalPipeline
from mlops_platform.training.rows import days_of
from mlops_platform.training.split import Split

if TYPE_CHECKING:
    from pandas import DataFrame, Index, Timestamp

    from mlops_platform.spec import ModelSpec


@dataclass(frozen=True, eq=False)
class Learner:
    """A finished model that learns on.

    Args:
        model: fitted, of the present recipe; it is left as it is.
        seen: entities of the rows that it has learnt.
        since: moment of the first row of its training set. Earlier ones are not new, whatever a
            later training set reaches back to: it may have learnt them before.
    """

    model: Any
    seen: Index[Any]
    since: Timestamp

    def new(self, rows: DataFrame, spec: ModelSpec) -> DataFrame:
        """The rows that it has not learnt."""
        seen = rows[spec.features.entity].isin(self.seen)
        return rows[~seen & (rows[spec.features.moment_column] >= self.since)]

    def pipeline(self, rows: DataFrame, spec: ModelSpec) -> IncrementalPipeline:
        """What stands in the place of an unfitted pipeline for a fit on all these rows."""
        import pandas as pd

        new = self.new(rows, spec)
        days = pd.Series(days_of(new, spec), index=new.index)
        return IncrementalPipeline(spec.task.learnt_parts(self.model), days)


@dataclass(frozen=True, eq=False)
class Base:
    """A version whose models learn on.

    Args:
        judged: has learnt the training part of its split.
        released: has learnt all rows.
    """

    judged: Learner
    released: Learner

    def seen_before(self, split: Split, spec: ModelSpec) -> int:
        """Rows that are to validate or test, and that the judged model has learnt."""
        held_out = (split.validation, split.test)
        return sum(
            int(part[spec.features.entity].isin(self.judged.seen).sum()) for part in held_out
        )


def base_of(models: tuple[Any, Any], split: Split, spec: ModelSpec) -> Base:
    """The judged and the released model of a training that learn on.

    Args:
        split: of that training; only the columns matter that cut it.
    """
    import pandas as pd

    features, everything = spec.features, split.everything
    since = everything[features.moment_column].min()
    seen = (split.train[features.entity], everything[features.entity])
    judged, released = (
        Learner(model, pd.Index(entities), since)
        for model, entities in zip(models, seen, strict=True)
    )
    return Base(judged, released)
