"""The plain BentoML service that the bare script packs."""

import json
from pathlib import Path

import bentoml

HERE = Path(__file__).parent


@bentoml.service(name="flight_delay")
class FlightDelay:
    """Probability that a flight arrives more than 15 minutes late."""

    def __init__(self) -> None:
        # Not above: the process that supervises the workers would import scikit-learn as well.
        import skops.io

        trusted = skops.io.get_untrusted_types(file=HERE / "model.skops")
        self.model = skops.io.load(HERE / "model.skops", trusted=trusted)
        self.dtypes = json.loads((HERE / "dtypes.json").read_text())

    @bentoml.api  # type: ignore[untyped-decorator]
    def predict(self, rows: list[dict[str, float | str | None]]) -> list[float]:
        """Score rows, in their order."""
        import pandas as pd

        frame = pd.DataFrame(rows).astype(self.dtypes)
        return [float(p) for p in self.model.predict_proba(frame)[:, 1]]
