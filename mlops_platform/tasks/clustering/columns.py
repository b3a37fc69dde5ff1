"""The outputs of a clustering, and the constants that lead to them."""

from typing import Final

from mlops_platform.tasks.predictions import Output

CLUSTER, DISTANCE, MARGIN, STABILITY = "cluster", "distance", "margin", "stability"
MOST_CLUSTERS: Final = 50
"""More than people can tell apart, and give a name of their own."""
NAMES: Final = tuple(f"name_{code:02d}" for code in range(MOST_CLUSTERS))
"""Constants: the number that each cluster of the estimator is called by."""
LAST_NAME: Final = "last_name"
"""Constant: the greatest number that was ever given; none is given twice."""
STABILITIES: Final = tuple(f"stability_{code:02d}" for code in range(MOST_CLUSTERS))
"""Constants: bootstrap Jaccard index of each cluster of the estimator."""
UNIT: Final = "unit"
"""Constant: distance that is 1."""
NEARER: Final = "nearer"
"""Constant: by what share unseen rows are nearer to their centre than to that of all rows."""

OUTPUTS: Final = (
    Output(
        name=CLUSTER,
        field=CLUSTER,
        words="assigned",
        kind="category",
        watched=True,
        description=(
            "Number of the cluster that the row belongs to. It is a name: the same kind of rows "
            "keeps it from version to version."
        ),
    ),
    Output(
        name=DISTANCE,
        field=DISTANCE,
        words="distance",
        kind="number",
        minimum=0.0,
        watched=True,
        description=(
            "How far the row lies from the centre of its cluster. 1 is the mean distance in as "
            "many clusters of rows whose columns do not belong together."
        ),
    ),
    Output(
        name=MARGIN,
        field=MARGIN,
        words="margin",
        kind="number",
        minimum=-1.0,
        maximum=1.0,
        description=(
            "How much nearer the centre of its cluster is than the next one: 1 where the row lies "
            "in its centre, 0 where both are as near."
        ),
    ),
    Output(
        name=STABILITY,
        field=STABILITY,
        words="stability",
        kind="number",
        minimum=0.0,
        maximum=1.0,
        description=(
            "How alike the row's cluster is found again among resampled rows: below 0.5 it "
            "dissolves, from 0.75 on it can be relied on."
        ),
    ),
)
