"""Proof that the service answers, and explains, what the pipeline answers."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from mlops_platform.column_kind import Value
from mlops_platform.errors import ServingError
from mlops_platform.record import Record
from mlops_platform.serving.contents import STORED_AS_FOLDED
from mlops_platform.serving.frames import rows_of, without_refused
from mlops_platform.serving.golden import GoldenRows
from mlops_platform.serving.http.request import request_types
from mlops_platform.serving.schema import CategoricalColumn, FeatureSchema, TextColumn
from mlops_platform.serving.scoring.rounding import TOLERANCE, largest_difference
from mlops_platform.serving.scoring.scorer import Scorer
from mlops_platform.tasks import Task

if TYPE_CHECKING:
    import numpy as np
    import pandas as pd
    from numpy.typing import NDArray

MAX_ROWS = 20_000
CHANGED_ROWS = 1000
"""Further rows, each with one value taken away, or replaced by a category or words never seen."""
EXPLAINED_ROWS = 50
UNSEEN = "never seen in training"


class Parity(Record):
    """How far what is served and what the pipeline says are apart.

    Args:
        rows: rows that were compared.
        refused_rows: rows that the service would not take, for a missing value that it requires, or
            for a text that is too long.
        changed_rows: further rows that were compared with a value missing or never seen.
        max_difference: largest difference of a number of the model through the pipeline, relative
            to numbers beyond 1; 0.0 is bit for bit equal.
        compiled: whether the compiled model is as close, so that it may serve single rows.
        compiled_max_difference: its largest difference, measured alike, where it can be compiled.
        fallback_reason: why the plain pipeline serves instead.
    """

    model_config = STORED_AS_FOLDED

    rows: int
    refused_rows: int
    max_difference: float
    changed_rows: int = 0
    compiled: bool = False
    compiled_max_difference: float | None = None
    fallback_reason: str | None = None


def check_parity(
    schema: FeatureSchema, task: Task, model: Any, rows: pd.DataFrame, batch_rows: int = 1000
) -> Parity:
    """Compare the serving path (JSON, validation, scorer) with the pipeline.

    At most `MAX_ROWS` rows, evenly spaced, and `CHANGED_ROWS` made from them; through the plain
    pipeline in batches of `batch_rows`, and one by one through the compiled model.

    Raises:
        ServingError: the pipeline is further away than rounding explains, a row that should be
            taken is refused, or no row can be compared.
    """
    import pandas as pd
    from threadpoolctl import threadpool_limits

    sample = _evenly_spaced(rows, MAX_ROWS)
    accepted = without_refused(schema, sample)
    if accepted.empty:
        raise ServingError(f"{schema.model}: no row to compare; give rows that the service takes.")
    changed = _changed(schema, _evenly_spaced(accepted, CHANGED_ROWS))
    compared = pd.concat([accepted, changed])[list(schema.names)]
    taken = _taken(schema, rows_of(schema, compared), batch_rows)
    # As the service does: a team of threads is many times slower here on a busy machine.
    with threadpool_limits(1):
        offline = _offline(schema, task, model, compared)
        plain = Scorer(schema, task, model, compiled=False)
        difference = _plain_difference(plain, taken, offline, batch_rows)
        compiled = Scorer(schema, task, model)
        compiled_difference, reason = _compiled_difference(compiled, taken, offline)
    return Parity(
        rows=len(accepted),
        refused_rows=len(sample) - len(accepted),
        changed_rows=len(changed),
        max_difference=difference,
        compiled=reason is None,
        compiled_max_difference=compiled_difference,
        fallback_reason=reason,
    )


def why_not_explained(
    schema: FeatureSchema, task: Task, model: Any, golden: GoldenRows, rows: pd.DataFrame
) -> str | None:
    """Why the contributions of features would not be exact; None where they are.

    Compared on the golden rows and on `EXPLAINED_ROWS` rows with missing and unseen values.
    """
    from mlops_platform.serving.explaining.prepare import prepare_explainer

    changed = _changed(schema, _evenly_spaced(without_refused(schema, rows), EXPLAINED_ROWS))
    background = [row.features for row in golden.rows]
    try:
        explainer = prepare_explainer(task, model, schema, background)
        explainer.prove(background, [row.numbers for row in golden.rows])
        if len(changed):
            said = _offline(schema, task, model, changed)
            explainer.prove(rows_of(schema, changed), said.tolist())
    except ServingError as error:
        return str(error)
    return None


def _evenly_spaced(rows: pd.DataFrame, most: int) -> pd.DataFrame:
    import numpy as np

    return rows.iloc[np.linspace(0, len(rows) - 1, min(len(rows), most)).astype(int)]


def _changed(schema: FeatureSchema, rows: pd.DataFrame) -> pd.DataFrame:
    """The rows with one value each missing or unseen, where the schema allows it, in turn."""
    changes: list[tuple[str, str | None]] = []
    for column in schema.columns:
        if column.missing_allowed:
            changes.append((column.name, None))
        if isinstance(column, CategoricalColumn):
            changes.append((column.name, UNSEEN))
        elif isinstance(column, TextColumn):
            changes.append((column.name, UNSEEN[: column.max_characters]))
    if not changes:
        return rows[:0]
    changed = rows.reset_index(drop=True)
    for first, (name, value) in enumerate(changes):
        changed.loc[changed.index[first :: len(changes)], name] = value
    return changed


def _taken(
    schema: FeatureSchema, rows: list[dict[str, Value]], batch_rows: int
) -> list[dict[str, Any]]:
    """The rows as the service has them after JSON and validation."""
    from pydantic import ValidationError

    batch_type = request_types(schema, batch_rows).batch
    taken: list[dict[str, Any]] = []
    for start in range(0, len(rows), batch_rows):
        body = json.dumps({"rows": rows[start : start + batch_rows]})
        try:
            taken += batch_type.validate_json(body)["rows"]
        except ValidationError as error:
            raise ServingError(f"{schema.model}: the service refuses rows: {error}") from error
    return taken


def _offline(
    schema: FeatureSchema, task: Task, model: Any, frame: pd.DataFrame
) -> NDArray[np.float64]:
    try:
        return task.numbers(model, frame[list(schema.names)])
    except ValueError as error:
        raise ServingError(
            f"{schema.model}: the pipeline refuses a missing value or a category it has not seen, "
            f"which the service promises to answer: {error}. Add an imputer, or `handle_unknown` "
            "to the encoder."
        ) from error


def _plain_difference(
    plain: Scorer,
    taken: list[dict[str, Any]],
    offline: NDArray[np.float64],
    batch_rows: int,
) -> float:
    import numpy as np

    served: list[tuple[float, ...]] = []
    for start in range(0, len(taken), batch_rows):
        served += plain.numbers_of(taken[start : start + batch_rows])
    difference = largest_difference(offline, np.array(served))
    if not difference <= TOLERANCE:
        raise ServingError(
            f"{plain.schema.model}: served and offline numbers differ by {difference:g} "
            f"(allowed {TOLERANCE:g}); a step of the pipeline depends on the other rows of a "
            "batch or on column types that JSON does not keep."
        )
    return difference


def _compiled_difference(
    compiled: Scorer, taken: list[dict[str, Any]], offline: NDArray[np.float64]
) -> tuple[float | None, str | None]:
    """The largest difference of the compiled model, and why it must not serve, if so."""
    import numpy as np

    if not compiled.compiled:
        return None, compiled.reason
    try:
        served = np.array([compiled.numbers(row) for row in taken])
        difference = largest_difference(offline, served)
    except (ServingError, ArithmeticError, LookupError, TypeError, ValueError) as error:
        return None, f"the compiled model fails: {error!r}"
    if not difference <= TOLERANCE:
        return difference, f"the compiled model differs by {difference:g} (allowed {TOLERANCE:g})"
    return difference, None
