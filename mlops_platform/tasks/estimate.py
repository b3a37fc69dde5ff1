"""EstimatedPerformance: what predictions let expect of themselves, before any label is known."""

from pydantic import Field

from mlops_platform.record import Record


class EstimatedPerformance(Record):
    """Expected figures of some rows.

    Args:
        loss: expected mean loss.
        baseline_loss: the same of the baseline.
        metrics: other expected figures by name.
    """

    loss: float
    baseline_loss: float
    metrics: dict[str, float] = Field(default_factory=dict)
