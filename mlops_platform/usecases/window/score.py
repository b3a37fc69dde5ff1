"""Scores one window of entities with the release that is responsible for it."""

from __future__ import annotations

from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Literal

from pydantic import Field

from mlops_platform.data.features.features import feature_batches
from mlops_platform.data.features.landed.rows import count_landed
from mlops_platform.data.features.published import read_manifest
from mlops_platform.data.predicted_columns import columns_of, own_column
from mlops_platform.data.predictions import predictions_file, write_predictions
from mlops_platform.data.windows import Window
from mlops_platform.errors import DataError, LedgerError
from mlops_platform.formats.home_path import HomePath
from mlops_platform.ledger.challenger import first_champion_advice
from mlops_platform.ledger.records import Release
from mlops_platform.record import Record, left_out_where_empty
from mlops_platform.spec import ModelSpec
from mlops_platform.spec.data import SAMPLE_WEIGHT
from mlops_platform.tasks import MeanTotals

if TYPE_CHECKING:
    import numpy as np
    import pyarrow as pa
    from numpy.typing import NDArray

    from mlops_platform.ledger.ledger import Ledger
    from mlops_platform.tasks.predictions import Numbers
    from mlops_platform.usecases.version.champion import Champion


class ScoredWindow(Record):
    """The predictions of one window and what they were made from.

    Args:
        constants: of the version: what turned the numbers of the model into predictions, where no
            adjustment of the release was in force.
        adjustments: of the release that were known when the window was first scored; each row says
            which one was in force.
        feature_snapshot: digest of the features that were scored.
        source: whether rows were scored afterwards, or are what the service answered.
        rows: 0 where its days were built, and there was nothing, or nothing new.
        means: of each output; of a flag the share of rows that have it.
        unchanged: entities without event time that landed in the window and are not scored, for
            nothing that the model reads has changed since they landed before.
    """

    window: Window
    version: int
    release: int
    constants: dict[str, float]
    feature_snapshot: str
    rows: int
    means: dict[str, float]
    scored_at: datetime
    path: HomePath
    source: Literal["batch", "served"] = "batch"
    adjustments: int = Field(default=0, exclude_if=left_out_where_empty)
    unchanged: int = Field(default=0, exclude_if=left_out_where_empty)

    @property
    def is_empty(self) -> bool:
        """Whether there was nothing to score, so that there is no file either."""
        return self.rows == 0


def responsible_release(ledger: Ledger, model: str, scored: ScoredWindow | None) -> Release:
    """The release that scores a window: what serves now, or what scored it the first time.

    A window that is scored again, because its features were corrected or its run was repeated,
    stays with its release: what served then is history.

    Raises:
        LedgerError: nothing was released yet.
    """
    if scored is not None:
        return ledger.releases(model)[scored.release - 1]
    release = ledger.current_release(model)
    if release is None:
        raise LedgerError(
            f"{model!r} has no champion that could score: {first_champion_advice(ledger, model)}."
        )
    return release


def score_window(
    spec: ModelSpec,
    window: Window,
    champion: Champion,
    published_root: Path,
    predictions_root: Path,
    moment: datetime,
) -> ScoredWindow:
    """Stream the window's features through the model into one file of predictions.

    Without event time the last news of each entity are scored; what is only repeated is counted.

    Each row carries the version, the release, the training set and the feature snapshot, its weight
    where one is declared, and where constants follow the outcomes the number of the adjustment that
    was in force at its event.

    Args:
        moment: when this happens.

    Raises:
        DataError: the window has no features, or a row of it that cannot be scored.
        SpecError: the YAML declares another task than that of the champion.
    """
    spec.task.require_kind(champion.task, f"version {champion.release.version}")
    snapshot = read_manifest(published_root, spec.features.table).digest_of(window.days)
    path = predictions_file(predictions_root, spec.name, window.name)
    totals = MeanTotals()
    batches = feature_batches(spec, published_root, window.days)
    predicted = (_scored(spec, batch, champion, snapshot, totals) for batch in batches)
    rows = write_predictions(predicted, spec, path)
    timeless = not spec.features.has_event_time
    landed = count_landed(spec, published_root, window.days) if timeless else rows
    return ScoredWindow(
        window=window,
        version=champion.release.version,
        release=champion.release.sequence,
        constants=dict(champion.constants),
        adjustments=len(champion.adjustments),
        feature_snapshot=snapshot,
        rows=rows,
        means=totals.means(),
        scored_at=moment,
        path=path,
        unchanged=landed - rows,
    )


def _scored(
    spec: ModelSpec, batch: pa.RecordBatch, champion: Champion, snapshot: str, totals: MeanTotals
) -> pa.RecordBatch:
    import numpy as np
    import pyarrow as pa

    from mlops_platform.training.rows import features_of

    frame = features_of(batch.to_pandas(), spec)
    features, release, constants = spec.features, champion.release, champion.adjusted_constants
    in_force = constants.in_force(batch[features.moment_column].to_numpy())
    numbers = spec.task.numbers(champion.model, frame)
    _refuse_unusable(spec, batch, numbers)
    predictions = constants.predictions(spec.task, numbers, in_force)
    totals.add(predictions)
    rows = len(predictions)
    is_adjusted = spec.task.adaptation_rule is not None or champion.adjustments
    adjusted = _adjusted(spec, champion, numbers, in_force) if is_adjusted else {}
    keys = (features.entity, features.moment_column, features.partition)
    return pa.RecordBatch.from_pydict(
        {
            **{name: batch[name] for name in keys},
            "version": pa.array(np.full(rows, release.version, dtype=np.int32)),
            "release": pa.array(np.full(rows, release.sequence, dtype=np.int32)),
            **({} if features.weight is None else {SAMPLE_WEIGHT: batch[features.weight]}),
            **adjusted,
            "training_set": _repeated(champion.training_set, rows),
            "feature_snapshot": _repeated(snapshot, rows),
            **columns_of(predictions),
        }
    )


def _refuse_unusable(spec: ModelSpec, rows: pa.RecordBatch, numbers: Numbers) -> None:
    """Refuse rows of which the model says nothing that can be used, as the service does.

    Raises:
        DataError: names the first one.
    """
    position = spec.task.first_unusable(numbers)
    if position is not None:
        features = spec.features
        entity, day = (rows[key][position].as_py() for key in (features.entity, features.partition))
        raise DataError(
            f"{features.entity} {entity!r} of {day} in {features.table} cannot be scored: "
            f"{spec.task.unusable_text(numbers[position].tolist())}. Correct the dbt model, or "
            "leave the row out of it."
        )


def _adjusted(
    spec: ModelSpec, champion: Champion, numbers: Numbers, in_force: NDArray[np.int32]
) -> dict[str, pa.Array]:
    """By which adjustment a row was predicted, and what is watched as it is without any."""
    import pyarrow as pa

    own = spec.task.predictions(numbers, champion.constants)
    watched = {own_column(name): pa.array(own[name]) for name in spec.task.watched}
    return {"adjustment": pa.array(in_force), **watched}


def _repeated(text: str, rows: int) -> pa.DictionaryArray:
    import numpy as np
    import pyarrow as pa

    return pa.DictionaryArray.from_arrays(pa.array(np.zeros(rows, dtype=np.int8)), pa.array([text]))
