"""The plain BentoML service that the bare script packs."""

from pathlib import Path

import bentoml
import pandas as pd
import skops.io

MODEL = Path(__file__).with_name("model.skops")


@bentoml.service(name="flight_delay")
class FlightDelay:
    """Probability that a flight arrives more than 15 minutes late."""

    def __init__(self) -> None:
        trusted = skops.io.get_untrusted_types(file=MODEL)
        self.model = skops.io.load(MODEL, trusted=trusted)

    @bentoml.api
    def predict(self, rows: list[dict[str, float | str | None]]) -> list[float]:
        """Score rows, in their order."""
        return [float(p) for p in self.model.predict_proba(pd.DataFrame(rows))[:, 1]]
