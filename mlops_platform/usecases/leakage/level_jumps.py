"""Columns whose level jumps once and stays: another unit, or another meaning."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, Final, NamedTuple

from mlops_platform.data.profiling.finding import Finding
from mlops_platform.usecases.leakage.evidence import TIME, Evidence

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from mlops_platform.data.profiling.profile import ColumnProfile

BLOCKS: Final = 40
BLOCK_ROWS: Final = 15
LEAST_BLOCKS: Final = 8
SHARES: Final = (0.25, 0.5, 0.75)
LEAST_FACTOR: Final = 1.4
SHARP: Final = 5.0
"""Times the spread of the blocks on either side: a trend that goes on has less."""
ALIKE: Final = 0.35
"""By which the factors of the quartiles may differ, as a share of the jump."""
MOST_AT_ONCE: Final = 2
"""Columns that change on one day are another world, and not another unit."""


class Jump(NamedTuple):
    """A jump of a level.

    Args:
        column: that jumps.
        block: before which.
        factor: of the middle values; None where it is a shift.
        when: the moment, in seconds.
    """

    column: ColumnProfile
    block: int
    factor: float | None
    levels: tuple[float, float]
    when: float


def level_jumps(evidence: Evidence) -> Iterator[Finding]:
    """Jumps that few columns make at once."""
    if evidence.question.time is None:
        return
    jumps = [jump for column in evidence.columns for jump in _jumps(evidence, column)]
    for jump in jumps:
        at_once = [other for other in jumps if abs(other.block - jump.block) <= 1]
        if len(at_once) <= MOST_AT_ONCE:
            yield _finding(jump)


def _finding(jump: Jump) -> Finding:
    import numpy as np

    day = np.datetime64(int(jump.when), "s").astype("datetime64[D]")
    by = "" if jump.factor is None else f", by a factor of {jump.factor:.3g}"
    before, after = jump.levels
    return Finding(
        kind="unit_change",
        columns=(jump.column.name,),
        level="warn",
        text=(
            f"the median of '{jump.column.name}' jumps from {before:.4g} to {after:.4g} around "
            f"{day}{by}, and stays there: is it in another unit since?"
        ),
        fix=f"correct it in staging, or --drop {jump.column.output}",
    )


def _jumps(evidence: Evidence, column: ColumnProfile) -> Iterator[Jump]:
    import numpy as np

    if column.kind != "number" or column.distinct <= 2 or column.looks_like_id is not None:
        return
    numbers = evidence.numbers(column)
    assert numbers is not None
    present = np.isfinite(numbers)
    values, times = numbers[present], evidence.labelled[TIME].to_numpy()[present]
    blocks = min(BLOCKS, len(values) // BLOCK_ROWS)
    if blocks < LEAST_BLOCKS:
        return
    quartiles = np.array([np.quantile(block, SHARES) for block in np.array_split(values, blocks)])
    at, factor = _sharpest(quartiles)
    if at is not None:
        levels = (float(np.median(quartiles[:at, 1])), float(np.median(quartiles[at:, 1])))
        when = float(times[len(values) * at // blocks])
        yield Jump(column, at, factor, levels, when)


def _sharpest(quartiles: NDArray[np.float64]) -> tuple[int | None, float | None]:
    """The block before which all quartiles jump, and by which factor."""
    import numpy as np

    if (quartiles > 0).all() or (quartiles < 0).all():
        logarithms = np.log(np.abs(quartiles))
        at, jumps, sharpness = _best(logarithms)
        size = float(np.median(jumps))
        if (
            sharpness >= SHARP
            and abs(size) >= np.log(LEAST_FACTOR)
            and np.ptp(jumps) <= ALIKE * abs(size)
        ):
            return at, float(np.exp(size))
    at, jumps, sharpness = _best(quartiles)
    width = float(np.median(quartiles[:, -1] - quartiles[:, 0]))
    if sharpness >= SHARP and float(np.abs(jumps).min()) > 2 * width > 0:
        return at, None
    return None, None


def _best(levels: NDArray[np.float64]) -> tuple[int, NDArray[np.float64], float]:
    """Where the middle one jumps most sharply: block, jump of each, and how sharp it is."""
    import numpy as np

    middle = levels[:, len(SHARES) // 2]
    candidates = range(2, len(levels) - 1)
    at = max(candidates, key=lambda at: _sharpness(middle, at))
    # The block before may be half of one and half of the other.
    before, after = levels[: at - 1] if at > 2 else levels[:at], levels[at:]
    return at, np.median(after, axis=0) - np.median(before, axis=0), _sharpness(middle, at)


def _sharpness(middle: NDArray[np.float64], at: int) -> float:
    import numpy as np

    before, after = middle[: at - 1] if at > 2 else middle[:at], middle[at:]
    spread = _spread([before, after])
    jump = abs(float(np.median(after) - np.median(before)))
    return jump / spread if spread > 0 else (np.inf if jump > 0 else 0.0)


def _spread(sides: Sequence[NDArray[np.float64]]) -> float:
    """Pooled standard deviation around the own mean of each side."""
    import numpy as np

    errors = np.concatenate([side - side.mean() for side in sides])
    return float(np.sqrt(np.square(errors).mean()))
