"""Rows that no detector can be fitted on, refused in words before anything is."""

from __future__ import annotations

from typing import TYPE_CHECKING

from mlops_platform.errors import TrainingError
from mlops_platform.tasks.fitting.fittable import refuse_constant, refuse_infinite

if TYPE_CHECKING:
    from mlops_platform.tasks.finished import Rows


def require_fittable(rows: Rows) -> None:
    """Refuse rows that teach nothing of what is usual.

    Raises:
        TrainingError: there is none but known anomalies, a column is infinite somewhere, or all
            are constant.
    """
    targets = rows.targets
    if not (targets != 1).any():
        raise TrainingError(
            f"task: all {len(targets):,} rows to be fitted on are known anomalies, and a detector "
            "learns what is usual. Read more history."
        )
    if hasattr(rows.features, "columns"):
        refuse_infinite(rows.features)
        refuse_constant(rows.features, "none is unusual")
