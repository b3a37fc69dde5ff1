"""How the intervals of all buckets of steps follow their misses together."""

from __future__ import annotations

from typing import TYPE_CHECKING

from mlops_platform.tasks.forecasting.buckets import Buckets
from mlops_platform.tasks.forecasting.columns import HEADS, STEP, as_outcomes, factor_name
from mlops_platform.tasks.regression.adaptation import LevelRule

if TYPE_CHECKING:
    from mlops_platform.tasks.finished import Constants
    from mlops_platform.tasks.predictions import Numbers, Targets


class ForecastLevelRule(LevelRule):
    """One factor for all steps, on top of that of each bucket, which stays as it was released.

    A score is so in units of the own interval: days on which steps far ahead matured count no more
    than others.

    Args:
        bucket_ends: the last step of each bucket.
    """

    bucket_ends: tuple[int, ...]

    def scores(self, targets: Targets, numbers: Numbers, constants: Constants) -> Numbers:
        """The least common factor whose interval holds the outcome."""
        scores = super().scores(targets, as_outcomes(numbers, constants), constants)
        steps = numbers[:, HEADS.index(STEP)]
        return scores / factors_of(steps, Buckets(self.bucket_ends), constants)


def factors_of(steps: Numbers, buckets: Buckets, constants: Constants) -> Numbers:
    """Released factor of each row's bucket, shape (rows,)."""
    import numpy as np

    factors = np.array([constants[factor_name(bucket)] for bucket in range(len(buckets))])
    return factors[buckets.of(steps)]
