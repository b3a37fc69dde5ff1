"""The outputs of a binary classifier, and the constants that lead to them."""

from typing import Final

from mlops_platform.tasks.predictions import Output

SCORE, DECISION = "score", "decision"
PROBABILITY: Final = "probability"
"""What the score is called in answers and in the log."""
THRESHOLD, BASE_RATE = "threshold", "base_rate"

OUTPUTS: Final = (
    Output(
        name=SCORE,
        field=PROBABILITY,
        words="score",
        kind="number",
        minimum=0.0,
        maximum=1.0,
        watched=True,
        description="Probability that the label is true.",
    ),
    Output(
        name=DECISION,
        field=DECISION,
        words="decided positive",
        kind="flag",
        description="Whether the probability reaches the decision threshold.",
    ),
)
