"""Proof that the service answers, and explains, what the pipeline answers."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any, NamedTuple

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


class ProvedForm(NamedTuple):
    """What was compared, and the compiled form to be packed; None where the pipeline serves."""

    parity: Parity
    form: bytes | None


def check_parity(
    schema: FeatureSchema, task: Task, model: Any, rows: pd.DataFrame, batch_rows: int = 1000
) -> Parity:
    """As `prove_form`, where nothing is packed.

    Raises:
        ServingError: as there.
    """
    return prove_form(schema, task, model, rows, batch_rows).parity


def prove_form(
    schema: FeatureSchema, task: Task, model: Any, rows: pd.DataFrame, batch_rows: int = 1000
) -> ProvedForm:
    """Compare the serving path (JSON, validation, scorer) with the pipeline.

    At most `MAX_ROWS` rows, evenly spaced, and `CHANGED_ROWS` made from them; through the plain
    pipeline in batches of `batch_rows`, and one by one and in such batches through the compiled
    model, which is made of the very bytes that are packed.

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
        form, compiled_difference, reason = _compiled_form(plain, taken, offline, batch_rows)
    parity = Parity(
        rows=len(accepted),
        refused_rows=len(sample) - len(accepted),
        changed_rows=len(changed),
        max_difference=difference,
        compiled=reason is None,
        compiled_max_difference=compiled_difference,
        fallback_reason=reason,
    )
    return ProvedForm(parity, form)


def why_not_explained(
    schema: FeatureSchema,
    task: Task,
    model: Any,
    golden: GoldenRows,
    rows: pd.DataFrame,
    form: bytes | None = None,
) -> str | None:
    """Why the contributions of features would not be exact; None where they are.

    Compared on the golden rows and on `EXPLAINED_ROWS` rows with missing and unseen values.

    Args:
        form: the packed form of the model, which a worker explains it by; None where it has none.
    """
    from mlops_platform.serving.explaining.prepare import prepare_explainer
    from mlops_platform.serving.scoring.compiled.stored_form import read_form

    changed = _changed(schema, _evenly_spaced(without_refused(schema, rows), EXPLAINED_ROWS))
    background = [row.features for row in golden.rows]
    try:
        explained = model if form is None else read_form(form)
        explainer = prepare_explainer(task, explained, schema, background)
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
    difference = largest_difference(offline, _in_batches(plain, taken, batch_rows))
    if not difference <= TOLERANCE:
        raise ServingError(
            f"{plain.schema.model}: served and offline numbers differ by {difference:g} "
            f"(allowed {TOLERANCE:g}); a step of the pipeline depends on the other rows of a "
            "batch or on column types that JSON does not keep."
        )
    return difference


def _compiled_form(
    plain: Scorer, taken: list[dict[str, Any]], offline: NDArray[np.float64], batch_rows: int
) -> tuple[bytes | None, float | None, str | None]:
    """The compiled form that may serve, its largest difference, and why there is none, if so."""
    import numpy as np

    from mlops_platform.serving.scoring.compiled.columns import NotCompilable
    from mlops_platform.serving.scoring.compiled.plain_model import plain_model
    from mlops_platform.serving.scoring.compiled.stored_form import read_form, stored_form

    schema, task, model = plain.schema, plain.task, plain.model
    try:
        form = stored_form(plain_model(model, schema, every_class=task.states_every_class))
    except NotCompilable as error:
        return None, None, str(error)
    compiled = Scorer(schema, task, model, form=read_form(form))
    try:
        alone = np.array([compiled.numbers(row) for row in taken])
        batches = _in_batches(compiled, taken, batch_rows)
        difference = max(largest_difference(offline, served) for served in (alone, batches))
    except (ServingError, ArithmeticError, LookupError, TypeError, ValueError) as error:
        return None, None, f"the compiled model fails: {error!r}"
    if not difference <= TOLERANCE:
        reason = f"the compiled model differs by {difference:g} (allowed {TOLERANCE:g})"
        return None, difference, reason
    return form, difference, None


def _in_batches(scorer: Scorer, rows: list[dict[str, Any]], batch_rows: int) -> NDArray[np.float64]:
    import numpy as np

    numbers: list[tuple[float, ...]] = []
    for start in range(0, len(rows), batch_rows):
        numbers += scorer.numbers_of(rows[start : start + batch_rows])
    return np.array(numbers)
