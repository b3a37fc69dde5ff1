"""The outputs of a regression, and the numbers and constants that lead to them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, TypeVar

from mlops_platform.tasks.predictions import Output

if TYPE_CHECKING:
    from mlops_platform.tasks.predictions import Numbers

Stated = TypeVar("Stated", float, "Numbers")

PREDICTION, LOWER, UPPER, WIDTH = "prediction", "lower", "upper", "width"
EXPECTED_LOSS, EXPECTED_BASELINE_LOSS = "expected_loss", "expected_baseline_loss"
HEADS: Final = (PREDICTION, LOWER, UPPER, EXPECTED_LOSS, EXPECTED_BASELINE_LOSS)
"""What the estimators of a finished model predict, in this order."""
FACTOR, LEAST_REACH = "factor", "least_reach"
"""Constants: of the interval's reaches, as `interval.py` has them."""
LOSS_SCALE, BASELINE_LOSS_SCALE = "loss_scale", "baseline_loss_scale"
"""Constants: means of the losses, which the models of them were fitted in."""
LEVEL, ROWS = "level", "rows"
"""Facts of an adjustment: the level of the factor's quantile, and how many rows it is taken of."""
CENTRE, LOSS = "centre", "loss"
"""Constants of the baseline, beside the ends of its interval: its prediction, its usual loss."""

OUTPUTS: Final = (
    Output(
        name=PREDICTION,
        field=PREDICTION,
        words="prediction",
        kind="number",
        watched=True,
        description="The outcome that is expected.",
    ),
    Output(
        name=LOWER,
        field=LOWER,
        words="lower end",
        kind="number",
        description="Lower end of the interval that holds the outcome as often as `coverage` says.",
    ),
    Output(
        name=UPPER,
        field=UPPER,
        words="upper end",
        kind="number",
        description="Upper end of that interval.",
    ),
    Output(
        name=WIDTH,
        field=WIDTH,
        words="width",
        kind="number",
        minimum=0.0,
        watched=True,
        description="Width of that interval.",
    ),
    Output(
        name=EXPECTED_LOSS,
        field=EXPECTED_LOSS,
        words="expected loss",
        kind="number",
        minimum=0.0,
        description="What the prediction is expected to be wrong by, in the loss of the model.",
    ),
    Output(
        name=EXPECTED_BASELINE_LOSS,
        field=EXPECTED_BASELINE_LOSS,
        words="expected loss of the baseline",
        kind="number",
        minimum=0.0,
        description="The same of the baseline, which knows no feature: how hard this row is.",
    ),
)


def by_output(
    prediction: Stated, ends: tuple[Stated, Stated], losses: tuple[Stated, Stated]
) -> dict[str, Stated]:
    """What is stated of one row, or of many, by the name of each output.

    Args:
        ends: of the interval, the lower one first.
        losses: that are expected of the prediction and of the baseline.
    """
    lower, upper = ends
    loss, baseline_loss = losses
    return {
        PREDICTION: prediction,
        LOWER: lower,
        UPPER: upper,
        WIDTH: upper - lower,
        EXPECTED_LOSS: loss,
        EXPECTED_BASELINE_LOSS: baseline_loss,
    }
