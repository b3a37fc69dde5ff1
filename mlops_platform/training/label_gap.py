"""What of earlier rows may be fitted on where later ones judge: what was known as these began."""

from __future__ import annotations

from typing import TYPE_CHECKING

from mlops_platform.training.whole_groups import whole_groups

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray
    from pandas import DataFrame

    from mlops_platform.spec import ModelSpec


def known_as_begins(earlier: DataFrame, later: DataFrame, spec: ModelSpec) -> NDArray[np.bool_]:
    """Which of the earlier rows had a label at the first event of the later ones, shape (rows,).

    A fit in production, at that event, has no others: a label that tells of the days on which a
    model is judged would flatter it. All of them where there are no later rows. Rows that are
    judged together had all theirs, or are left out together.
    """
    import numpy as np
    import pandas as pd

    if later.empty:
        return np.ones(len(earlier), dtype=bool)
    delay = pd.Timedelta(days=spec.label.reporting_delay_days)
    reached_at = earlier[spec.label.known_at_column] + delay
    known: NDArray[np.bool_] = (reached_at <= later[spec.features.moment_column].min()).to_numpy()
    return whole_groups(known, earlier, spec)


def as_known(earlier: DataFrame, later: DataFrame, spec: ModelSpec) -> DataFrame:
    """The earlier rows, without the labels that were not known as the later ones began.

    Of a task that fits rows without a label: the rows themselves were known.
    """
    known = known_as_begins(earlier, later, spec)
    label = earlier[spec.label.column].astype(object).where(known)
    return earlier.assign(**{spec.label.column: label})
