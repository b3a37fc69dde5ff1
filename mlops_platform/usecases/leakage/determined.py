"""Columns whose every value goes with one outcome, however many values there are."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Final

from mlops_platform.data.profiling.finding import Finding
from mlops_platform.usecases.leakage.evidence import LABEL, Evidence

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from mlops_platform.data.profiling.profile import ColumnProfile

LEAST_REPEATED: Final = 50
"""Rows whose value an earlier row has."""
LEAST_SHARE: Final = 0.1
DETERMINED: Final = 0.98
MOST_BY_CHANCE: Final = 0.8
"""Share of repetitions that agree when outcomes are dealt out anew: of more, agreement is usual."""


def determining_columns(evidence: Evidence) -> Iterator[Finding]:
    """Another row with the same value has the same outcome."""
    for column in evidence.columns:
        agreement = _agreement(evidence, column)
        if agreement is None:
            continue
        agreeing, by_chance, repeated = agreement
        if agreeing >= DETERMINED and by_chance <= MOST_BY_CHANCE:
            yield Finding(
                kind="determines_label",
                columns=(column.name,),
                level="warn",
                text=(
                    f"rows with the same '{column.name}' have the same outcome in {agreeing:.1%} "
                    f"of {repeated:,} repetitions ({by_chance:.0%} by chance): it decides the "
                    "outcome, or is decided by it."
                ),
                fix=f"--drop {column.output}",
            )


def _agreement(evidence: Evidence, column: ColumnProfile) -> tuple[float, float, int] | None:
    """Share of repetitions with the outcome of their first row, that by chance, their number."""
    import numpy as np
    import pandas as pd

    values = evidence.values(column)
    known = values.notna().to_numpy()
    codes, different = pd.factorize(values[known])
    repeated = len(codes) - len(different)
    if repeated < max(LEAST_REPEATED, LEAST_SHARE * len(codes)) or len(different) < 2:
        return None
    labels, _ = pd.factorize(evidence.labelled[LABEL][known])
    shuffled = np.random.default_rng(0).permutation(labels)
    return _agreeing(codes, labels, repeated), _agreeing(codes, shuffled, repeated), repeated


def _agreeing(codes: NDArray[np.int64], labels: NDArray[np.int64], repeated: int) -> float:
    import numpy as np

    _, first = np.unique(codes, return_index=True)
    agreeing = int((labels == labels[first][codes]).sum()) - len(first)
    return agreeing / repeated
