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
SHARP: Final = 3.0
"""Times the spread of the blocks on either side."""
SHARP_SHIFT: Final = 5.0
"""The same of what is no factor: seasons shift, and no unit does so often."""
AT_ONCE: Final = 0.5
"""Share of the jump that lies between neighbouring blocks: of a trend that goes on it is little."""
ALIKE: Final = 0.35
"""By which the factors of the quartiles may differ, as a share of the jump."""
OF_TIME: Final = 0.95
"""Rank correlation with time from which a column is one: of a single jump it is less."""
GRID_ROWS: Final = 10_000
KNOWN_VALUES, NEW_VALUES = 0.8, 0.3
"""Share of values that there were before: usually at least, and after a conversion at most."""
LEAST_GRID_FACTOR: Final = 1.15
MOST_COLUMNS: Final = 2
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
        if len(at_once) <= MOST_COLUMNS:
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
    if _is_of_time(numbers[present]):
        return
    values, times = numbers[present], evidence.labelled[TIME].to_numpy()[present]
    blocks = min(BLOCKS, len(values) // BLOCK_ROWS)
    if blocks < LEAST_BLOCKS:
        return
    quartiles = np.array([np.quantile(block, SHARES) for block in np.array_split(values, blocks)])
    at, factor = _sharpest(quartiles)
    if at is None:
        at, factor = _other_grid(values, blocks)
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
    if sharpness >= SHARP_SHIFT and float(np.abs(jumps).min()) > 2 * width > 0:
        return at, None
    return None, None


def _is_of_time(values: NDArray[np.float64]) -> bool:
    """Whether a column grows or falls with time all along: months do, and counters."""
    import numpy as np
    from scipy.stats import rankdata

    steps = np.diff(values)
    if (steps >= 0).all() or (steps <= 0).all():
        return True
    ranks = rankdata(values)
    if len(ranks) < LEAST_BLOCKS or ranks.min() == ranks.max():
        return True
    return abs(float(np.corrcoef(ranks, np.arange(len(ranks)))[0, 1])) > OF_TIME


def _other_grid(values: NDArray[np.float64], blocks: int) -> tuple[int | None, float | None]:
    """The block from which values come that there never were, and the factor of their median.

    What was measured in whole numbers, or in tenths, is no longer once it has been converted.
    """
    import numpy as np

    thin = values[:: max(len(values) // GRID_ROWS, 1)]
    best, least = None, NEW_VALUES
    for at in range(2, blocks - 1):
        cut = len(thin) * at // blocks
        before, after = thin[:cut], thin[cut:]
        usual = _known(before[cut // 2 :], before[: cut // 2])
        known = _known(after, before)
        if usual >= KNOWN_VALUES and known < least:
            best, least = at, known
    if best is None:
        return None, None
    cut = len(thin) * best // blocks
    levels = [float(np.median(part)) for part in (thin[:cut], thin[cut:])]
    factor = levels[1] / levels[0] if levels[0] else 0.0
    far = factor > LEAST_GRID_FACTOR or 0 < factor < 1 / LEAST_GRID_FACTOR
    return (best, factor) if far else (None, None)


def _known(values: NDArray[np.float64], others: NDArray[np.float64]) -> float:
    import numpy as np

    return float(np.isin(values, others).mean()) if len(values) else 0.0


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
    if abs(float(middle[at] - middle[at - 2])) < AT_ONCE * jump:
        return 0.0
    return jump / spread if spread > 0 else (np.inf if jump > 0 else 0.0)


def _spread(sides: Sequence[NDArray[np.float64]]) -> float:
    """Pooled standard deviation around the own mean of each side."""
    import numpy as np

    errors = np.concatenate([side - side.mean() for side in sides])
    return float(np.sqrt(np.square(errors).mean()))
