"""What the drills of the service have in common: the model that they serve, and how they wait."""

import time
from collections.abc import Callable

from mlops_platform.serving.schema import CategoricalColumn, FeatureSchema, NumericColumn

MODEL = "flight_delay"
SCHEMA = FeatureSchema(
    model=MODEL,
    entity="flight_id",
    label="is_late",
    columns=(
        NumericColumn(name="distance_miles", missing_allowed=True, minimum=90, maximum=5000),
        CategoricalColumn(name="carrier", missing_allowed=False, categories=("AA", "UA")),
    ),
)


def until(condition: Callable[[], bool], seconds: float) -> None:
    """Wait until something is so; it fails when so many seconds have passed."""
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline
        time.sleep(0.05)
