"""Proof that the service answers what the pipeline answers."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from mlops_platform.errors import ServingError
from mlops_platform.record import Record
from mlops_platform.serving.frames import Value, rows_of, without_refused
from mlops_platform.serving.request import batch_request, row_request
from mlops_platform.serving.schema import FeatureSchema
from mlops_platform.serving.scorer import TOLERANCE, Scorer, positive_probability

if TYPE_CHECKING:
    import pandas as pd

MAX_ROWS = 20_000


class Parity(Record):
    """How far served and offline probabilities are apart.

    Args:
        rows: rows that were compared.
        refused_rows: rows that the service would not take, for a missing value that it requires.
        max_difference: largest absolute difference; 0.0 is bit for bit equal.
    """

    rows: int
    refused_rows: int
    max_difference: float


def check_parity(
    schema: FeatureSchema, model: Any, rows: pd.DataFrame, batch_rows: int = 1000
) -> Parity:
    """Compare the serving path (JSON, validation, frame, scorer) with `model.predict_proba`.

    At most `MAX_ROWS` rows, evenly spaced, in batches of `batch_rows`.

    Raises:
        ServingError: a probability is further away than rounding explains, a row that should be
            taken is refused, or no row can be compared.
    """
    from threadpoolctl import threadpool_limits

    sample = _evenly_spaced(rows)
    accepted = without_refused(schema, sample)
    if accepted.empty:
        raise ServingError(f"{schema.model}: no row to compare; give rows that the service takes.")
    # As the service does: a team of threads is many times slower here on a busy machine.
    with threadpool_limits(1):
        offline = positive_probability(model, accepted[list(schema.names)])
        served = _served(schema, model, rows_of(schema, accepted), batch_rows)
    difference = float(abs(offline - served).max())
    if not difference <= TOLERANCE:
        raise ServingError(
            f"{schema.model}: served and offline probabilities differ by {difference:g} "
            f"(allowed {TOLERANCE:g}); a step of the pipeline depends on the other rows of a "
            "batch or on column types that JSON does not keep."
        )
    return Parity(
        rows=len(accepted),
        refused_rows=len(sample) - len(accepted),
        max_difference=difference,
    )


def _evenly_spaced(rows: pd.DataFrame) -> pd.DataFrame:
    import numpy as np

    count = min(len(rows), MAX_ROWS)
    return rows.iloc[np.linspace(0, len(rows) - 1, count).astype(int)]


def _served(
    schema: FeatureSchema, model: Any, rows: list[dict[str, Value]], batch_rows: int
) -> list[float]:
    from pydantic import ValidationError

    request_type = batch_request(schema, row_request(schema), batch_rows)
    scorer = Scorer(schema, model, threshold=0.5)
    probabilities: list[float] = []
    for start in range(0, len(rows), batch_rows):
        body = json.dumps({"rows": rows[start : start + batch_rows]})
        try:
            batch = request_type.model_validate_json(body)
        except ValidationError as error:
            raise ServingError(f"{schema.model}: the service refuses rows: {error}") from error
        probabilities += scorer.probabilities([row.columns() for row in batch.rows])
    return probabilities
