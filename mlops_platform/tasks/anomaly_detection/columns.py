"""The outputs of an anomaly detector, and the constants that lead to them."""

from typing import Final

from mlops_platform.tasks.predictions import Output

SCORE, DECISION, P_VALUE, CONTRAST = "score", "decision", "p_value", "contrast"
THRESHOLD: Final = "threshold"
"""Constant: the least score that is an alert."""
CENTRE, SPREAD = "centre", "spread"
"""Constants: what the estimator says of a usual row, and how far the unusual ones lie below."""
ALERT_SHARE: Final = "alert_share"
"""Constant: of rows that may be alerts. Of the baseline: how many are, where no model says it."""
STABILITY: Final = "stability"
"""Constant: mean rank correlation with models of resampled rows."""

OUTPUTS: Final = (
    Output(
        name=SCORE,
        field=SCORE,
        words="score",
        kind="number",
        watched=True,
        description=(
            "How unusual the row is: 0 is the median of the rows that the model was fitted on, 1 "
            "their most unusual twentieth."
        ),
    ),
    Output(
        name=DECISION,
        field=DECISION,
        words="alerted",
        kind="flag",
        description="Whether the score reaches the threshold that keeps the budget of alerts.",
    ),
    Output(
        name=P_VALUE,
        field=P_VALUE,
        words="p-value",
        kind="number",
        minimum=0.0,
        maximum=1.0,
        description=(
            "Conformal p-value: a normal row is at least this unusual with at most this "
            "probability."
        ),
    ),
    Output(
        name=CONTRAST,
        field=CONTRAST,
        words="contrast",
        kind="number",
        minimum=0.0,
        maximum=1.0,
        description=(
            "Share of decoys, rows whose columns were drawn each on its own, that are less unusual "
            "than the row: near 0 where its columns belong together."
        ),
    ),
)
