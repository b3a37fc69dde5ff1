"""What tutorials show: FastAPI, a pydantic row, and a pipeline from joblib."""

import json
import os
from pathlib import Path

import joblib
import pandas as pd
from fastapi import FastAPI
from pydantic import create_model

FOLDER = Path(os.environ["MODEL_FOLDER"])
DTYPES: dict[str, str] = json.loads((FOLDER / "dtypes.json").read_text())
TYPES = {"float64": float | None, "object": str | None}

model = joblib.load(FOLDER / "model.joblib")
Row = create_model("Row", **{name: (TYPES[dtype], ...) for name, dtype in DTYPES.items()})
app = FastAPI()


@app.post("/predict")
def predict(row: Row) -> dict[str, float]:  # type: ignore[valid-type]
    """Score one row."""
    frame = pd.DataFrame([row.model_dump()]).astype(DTYPES)  # type: ignore[attr-defined]
    return {"probability": float(model.predict_proba(frame)[0, 1])}
