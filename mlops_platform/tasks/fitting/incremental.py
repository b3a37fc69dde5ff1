"""A fitted pipeline that learns rows on top of what it knows, where another is fitted anew."""

from __future__ import annotations

from copy import deepcopy
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, NamedTuple

if TYPE_CHECKING:
    from pandas import DataFrame, Series

    from mlops_platform.tasks.predictions import Numbers, Targets


class LearntParts(NamedTuple):
    """What of a finished model was learnt from rows.

    Attributes:
        pipeline: fitted; its last step can learn on, where its estimator has `partial_fit`.
        beside: further fitted estimators behind the same preprocessing, which stay as they are.
    """

    pipeline: Any
    beside: tuple[Any, ...] = ()


@dataclass(frozen=True, eq=False)
class IncrementalPipeline:
    """A fitted pipeline in the place of an unfitted one: to fit it is to teach it what is new.

    Its preprocessing stays as it was fitted. Its estimator gets the new rows of each local day in
    one call of `partial_fit`, oldest day first, so that it does not matter in how many updates
    whole days are taught.

    Args:
        parts: of the model that it goes on from, which is left as it is.
        days: local day of each row that is new to it, by the label of the row in the frames that it
            is fitted on.
    """

    parts: LearntParts
    days: Series[Any]

    def fit(
        self, features: DataFrame, targets: Targets | None, sample_weight: Numbers | None = None
    ) -> Any:
        """A copy of the pipeline that has learnt those of these rows that are new.

        Args:
            features: of all rows, as for a fit.
            targets: shape (rows,); None of what learns from features alone.
            sample_weight: shape (rows,).
        """
        import numpy as np

        taught = deepcopy(self.parts.pipeline)
        estimator = taught[-1]
        new = np.flatnonzero(features.index.isin(self.days.index))
        if not len(new):
            return taught
        days = self.days.loc[features.index[new]].to_numpy()
        new, days = new[np.argsort(days, kind="stable")], np.sort(days)
        starts = np.flatnonzero(np.r_[True, days[1:] != days[:-1]])
        columns = taught[:-1].transform(features.iloc[new])
        for of_day in np.split(np.arange(len(new)), starts[1:]):
            rows = new[of_day]
            weights = {} if sample_weight is None else {"sample_weight": sample_weight[rows]}
            estimator.partial_fit(
                columns[of_day], None if targets is None else targets[rows], **weights
            )
        return taught

    def get_params(self, deep: bool = True) -> dict[str, Any]:
        """Those of the estimator, by which a task asks what it was told to make."""
        params: dict[str, Any] = self.parts.pipeline[-1].get_params(deep)
        return params

    def __sklearn_clone__(self) -> Any:
        """An unfitted pipeline of the same recipe: what resampled rows are fitted with."""
        from sklearn.base import clone

        return clone(self.parts.pipeline)


def incremental_fault(estimator: Any) -> str | None:
    """Why an estimator cannot learn on; None where it can."""
    if hasattr(estimator, "partial_fit"):
        return None
    return (
        f"`retraining.update: partial_fit` goes on from the champion, and "
        f"{type(estimator).__name__} has no `partial_fit`: choose one that has, such as "
        "sklearn.linear_model.SGDClassifier, or write `retraining.update: refit`."
    )
