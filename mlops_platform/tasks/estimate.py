"""EstimatedPerformance: what predictions let expect of themselves, before any label is known."""

from pydantic import Field

from mlops_platform.record import Record


class ExpectedConfusion(Record):
    """Rows that are to be expected by what comes true and what was decided.

    Args:
        outcomes, decisions: names of its rows and columns.
        rows: shape (outcomes, decisions).
        errors: by how much what comes true differs from that by chance: standard deviations.
    """

    outcomes: tuple[str, ...]
    decisions: tuple[str, ...]
    rows: tuple[tuple[float, ...], ...]
    errors: tuple[tuple[float, ...], ...]


class EstimatedPerformance(Record):
    """Expected figures of some rows.

    Args:
        loss: expected mean loss.
        baseline_loss: the same of the baseline.
        metrics: other expected figures by name.
        errors: of some of them, all shares, and of `loss`, as in `ExpectedConfusion`.
        confusion: of decisions, where there are some and few classes.
    """

    loss: float
    baseline_loss: float
    metrics: dict[str, float] = Field(default_factory=dict)
    errors: dict[str, float] = Field(default_factory=dict)
    confusion: ExpectedConfusion | None = None
