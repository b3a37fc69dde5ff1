"""Steps of a horizon that are judged together."""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Sequence
from dataclasses import dataclass
from math import sqrt
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray


def usual_ends(horizon: int) -> tuple[int, ...]:
    """Upper ends of buckets: the first step, about the middle on a scale of ratios, the last."""
    return tuple(sorted({1, round(sqrt(horizon)), horizon}))


@dataclass(frozen=True)
class Buckets:
    """Steps from 1 on, cut behind each of the ends.

    Args:
        ends: the last step of each bucket, ascending.
    """

    ends: tuple[int, ...]

    def __len__(self) -> int:
        return len(self.ends)

    @property
    def names(self) -> tuple[str, ...]:
        """As part of a metric's name: `1`, `2_to_3`."""
        return tuple(self._named("{}", "{}_to_{}"))

    @property
    def texts(self) -> tuple[str, ...]:
        """For a person: `step 1`, `steps 2 to 3`."""
        return tuple(self._named("step {}", "steps {} to {}"))

    def _named(self, single: str, several: str) -> Sequence[str]:
        firsts = (1, *(end + 1 for end in self.ends[:-1]))
        return [
            single.format(last) if first == last else several.format(first, last)
            for first, last in zip(firsts, self.ends, strict=True)
        ]

    def at(self, step: float) -> int:
        """Number of the bucket of a step, from 0; beyond the last end that of the last."""
        return bucket_at(step, self.ends)

    def of(self, steps: NDArray[np.float64]) -> NDArray[np.intp]:
        """The same of many steps, shape (rows,)."""
        import numpy as np

        return np.minimum(np.searchsorted(self.ends, steps, side="left"), len(self.ends) - 1)


def bucket_at(step: float, ends: Sequence[int]) -> int:
    """Number of the bucket of a step, from 0, by the last step of each."""
    return min(bisect_left(ends, step), len(ends) - 1)
