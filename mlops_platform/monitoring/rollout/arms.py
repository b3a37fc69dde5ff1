"""Champion against challenger on matured labels: a confidence interval over days."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from mlops_platform.record import Record

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

LEAST_DAYS = 3


class ArmComparison(Record):
    """By how much the challenger's loss is above the champion's.

    Args:
        champion_rows, challenger_rows: labelled rows of each; the same rows in the shadow.
        days: with rows of both, which the interval is over.
        loss_name: in words.
        champion_loss, challenger_loss: mean loss.
        difference: challenger's minus champion's, each above the loss of the baseline on its own
            rows; negative where the challenger is better.
        lower, upper: one-sided bounds of the difference at `confidence`; None with fewer than
            `LEAST_DAYS` days.
    """

    champion_rows: int
    challenger_rows: int
    days: int
    loss_name: str
    champion_loss: float
    challenger_loss: float
    difference: float
    confidence: float
    lower: float | None = None
    upper: float | None = None


class ArmRows(NamedTuple):
    """Labelled rows of both arms, shape (rows,) each.

    Attributes:
        challenger: whether a row is the challenger's.
        days: local day of each row's event.
        losses: of each row.
        base_losses: of the baseline on the same rows.
        weights: of the rows; None where all count the same.
    """

    challenger: NDArray[np.bool_]
    days: NDArray[np.datetime64]
    losses: NDArray[np.float64]
    base_losses: NDArray[np.float64]
    weights: NDArray[np.float64] | None = None


def compare_arms(rows: ArmRows, *, loss_name: str, confidence: float) -> ArmComparison | None:
    """Compare two arms; None where no day has rows of both.

    What the baseline loses on the same rows is subtracted from each row's loss: in a canary the
    arms have other rows, and one may have got the harder ones. In the shadow it cancels out.

    Whole days are the units, because rows of one day share its weather and its congestion; both
    arms share the days. The difference of the two ratio estimates is linearised, and its variance
    over days taken with Student's t of days - 1 degrees of freedom (Cochran 1977, Sampling
    Techniques, section 6.4). Not the gate's bootstrap: a rollout has few days, and the percentile
    bootstrap over few of them is too sure of itself.
    """
    import numpy as np

    challenger, days, losses, base_losses, weights = rows

    common = np.intersect1d(days[challenger], days[~challenger])
    if not len(common):
        return None
    kept = np.isin(days, common)
    arms, at = challenger[kept].astype(int), np.searchsorted(common, days[kept])
    counts = np.ones(len(at)) if weights is None else weights[kept]
    weight, lost, excess = (
        np.stack([np.bincount(at[arms == arm], sums[arms == arm], len(common)) for arm in (0, 1)])
        for sums in (counts, counts * losses[kept], counts * (losses - base_losses)[kept])
    )
    totals = weight.sum(axis=1)
    means = excess.sum(axis=1) / totals
    # How far each day pulls the means of the two arms apart.
    pulls = (excess - means[:, None] * weight) / totals[:, None]
    difference = float(means[1] - means[0])
    margin = _margin(pulls[1] - pulls[0], confidence)
    losses_of = lost.sum(axis=1) / totals
    return ArmComparison(
        champion_rows=int((arms == 0).sum()),
        challenger_rows=int((arms == 1).sum()),
        days=len(common),
        loss_name=loss_name,
        champion_loss=float(losses_of[0]),
        challenger_loss=float(losses_of[1]),
        difference=difference,
        confidence=confidence,
        lower=None if margin is None else difference - margin,
        upper=None if margin is None else difference + margin,
    )


def _margin(pulls: NDArray[np.float64], confidence: float) -> float | None:
    """Half the width of the interval, from each day's part in the difference (their sum is 0)."""
    import numpy as np
    from scipy.stats import t

    days = len(pulls)
    if days < LEAST_DAYS:
        return None
    error = float(np.sqrt(days / (days - 1) * np.square(pulls).sum()))
    return error * float(t.ppf(confidence, days - 1))
