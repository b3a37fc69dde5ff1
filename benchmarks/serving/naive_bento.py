"""BentoML as its first page shows it: a synchronous method that takes rows."""

import json
import os
from pathlib import Path

import bentoml

from benchmarks.serving.models import WORKERS


@bentoml.service(name="naive", workers=WORKERS)
class NaiveService:
    """Scores rows with a pipeline from joblib."""

    def __init__(self) -> None:
        import joblib

        folder = Path(os.environ["MODEL_FOLDER"])
        self.dtypes = json.loads((folder / "dtypes.json").read_text())
        self.model = joblib.load(folder / "model.joblib")

    @bentoml.api  # type: ignore[untyped-decorator]
    def predict(self, rows: list[dict[str, float | str | None]]) -> list[float]:
        """Score rows, in their order."""
        import pandas as pd

        frame = pd.DataFrame(rows).astype(self.dtypes)
        return [float(p) for p in self.model.predict_proba(frame)[:, 1]]
