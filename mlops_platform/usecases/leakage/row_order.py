"""Times that do not belong to their rows: the order of the files tells more than they do."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import TYPE_CHECKING, Final

from mlops_platform.data.profiling.finding import Finding
from mlops_platform.usecases.leakage.evidence import PLACE, TIME, Evidence

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from mlops_platform.data.profiling.profile import ColumnProfile

LEAST_ROWS: Final = 100
BLOCKS: Final = 20
CERTAIN: Final = 1e-6
"""Chance by which blocks of rows in no order would differ as much."""
NOTHING: Final = 1e-3
"""The same, from which they do not seem to differ; of each of some columns."""
OF_TIME: Final = re.compile(r"(\w+_)?(year|quarter|month|week|day|date|time|epoch|timestamp)")
MOST_ORDERED: Final = 0.1
"""Rank correlation of the times of rows that follow each other."""


def shuffled_time(evidence: Evidence) -> Iterator[Finding]:
    """Rows have an order in the files that their times know nothing of."""
    frame = evidence.frame
    if evidence.question.time is None or len(frame) < LEAST_ROWS:
        return
    by_place = frame.sort_values(PLACE, kind="stable")
    times = by_place[TIME].to_numpy()
    if _follows(times) > MOST_ORDERED or _is_sorted_otherwise(evidence):
        return
    numbered = [column.name for column in evidence.columns if _goes_with_time(column)]
    ordered = [
        column
        for column in evidence.columns
        if column.kind in ("number", "boolean", "category") and not column.is_monotone
    ]
    in_files = {column.name: _chance(_codes(by_place, column)) for column in ordered}
    by_time = {column.name: _chance(_codes(frame, column)) for column in ordered}
    telling = [name for name, chance in in_files.items() if chance < CERTAIN]
    if min(by_time.values(), default=1.0) * max(len(by_time), 1) < NOTHING:
        return
    if numbered or telling:
        names = " and ".join(f"'{name}'" for name in (numbered or telling)[:3])
        yield Finding(
            kind="shuffled_time",
            columns=_time_columns(evidence),
            level="warn",
            text=(
                f"the times of rows that follow each other in the files are in no order, though "
                f"{names} {'are' if len(numbered or telling) > 1 else 'is'}, and nothing changes "
                "with time: times may belong to other rows."
            ),
            fix="correct the times at the source, or name another: --time",
        )


def _time_columns(evidence: Evidence) -> tuple[str, ...]:
    return (evidence.question.time,) if evidence.question.time is not None else ()


def _goes_with_time(column: ColumnProfile) -> bool:
    """Whether it grows along the files as only numbers of rows and times do."""
    is_time = column.kind in ("moment", "date") or OF_TIME.fullmatch(column.output) is not None
    return column.is_monotone and (is_time or column.looks_like_id is not None)


def _is_sorted_otherwise(evidence: Evidence) -> bool:
    """Whether the files are in the order of something that has nothing to do with time."""
    return any(column.is_monotone and not _goes_with_time(column) for column in evidence.columns)


def _codes(frame: object, column: ColumnProfile) -> NDArray[np.float64]:
    """Values as numbers: words by how frequent they are."""
    import numpy as np
    import pandas as pd

    assert isinstance(frame, pd.DataFrame)
    values = frame[column.output]
    if column.kind == "category":
        values = values.map(values.value_counts())
    codes: NDArray[np.float64] = (
        values.astype(object).where(values.notna(), np.nan).to_numpy(dtype=np.float64)
    )
    return codes


def _follows(times: NDArray[np.float64]) -> float:
    """Rank correlation of each with the one before it."""
    import numpy as np
    from scipy.stats import rankdata

    ranks: NDArray[np.float64] = rankdata(times)
    if ranks.min() == ranks.max():
        return 1.0
    return float(np.corrcoef(ranks[:-1], ranks[1:])[0, 1])


def _chance(values: NDArray[np.float64]) -> float:
    """By which blocks of rows that follow each other would differ so much (Kruskal and Wallis)."""
    import numpy as np
    from scipy.stats import kruskal

    blocks = [block[np.isfinite(block)] for block in np.array_split(values, BLOCKS)]
    filled = [block for block in blocks if len(block)]
    pooled = np.concatenate(filled) if filled else np.empty(0)
    if len(filled) < 2 or pooled.min() == pooled.max():
        return 1.0
    return float(kruskal(*filled).pvalue)
