"""The outputs of a ranking, and the numbers that lead to them."""

from typing import Final

from mlops_platform.tasks.predictions import Output

SCORE, RULE, GROUP = "score", "rule_score", "group_key"
PASSED: Final = (RULE, GROUP)
"""What a finished model passes on of a row, in this order."""
NUMBERS: Final = (SCORE, *PASSED)
"""Every number of a finished model, in this order."""
FIELDS: Final = ("score", "rule", "group")
"""What answers call them."""
RANK: Final = "rank"
"""Field of an answer for many rows."""
LOOKED_AT: Final = "looked_at"
"""Constant: how many rows of a group are."""
RELEVANCE: Final = "relevance"
"""Constant of the baseline: mean relevance of a row."""
LARGEST_KEY: Final = 2.0**53
"""Up to which a float64 holds every whole number."""

OUTPUTS: Final = (
    Output(
        name=SCORE,
        field=FIELDS[0],
        words="score",
        kind="number",
        watched=True,
        description="By which the rows of a group are ordered, the highest first.",
    ),
    Output(
        name=RULE,
        field=FIELDS[1],
        words="score of the rule",
        kind="number",
        description="By which the rule orders them that the model must beat; 0 where none is said.",
    ),
    Output(
        name=GROUP,
        field=FIELDS[2],
        words="key of the group",
        kind="number",
        minimum=-LARGEST_KEY,
        maximum=LARGEST_KEY,
        description="Number of the group in which the row is ranked.",
    ),
)
