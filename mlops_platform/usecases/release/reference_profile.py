"""The profile that a version's windows are counted in and compared with.

A window holds every row that was published for its days. So does the reference: were it of the
training set, a value whose rows have no label (a cancelled flight, a carrier whose outcomes nobody
reports) would be news in every window.
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from mlops_platform.data.engine import identifier
from mlops_platform.data.features.features import opened_features
from mlops_platform.data.training_set import TrainingSet, opened_rows
from mlops_platform.monitoring.drift.profile.profile import (
    Profile,
    fit_profile,
    fit_text_profile,
    joined,
)
from mlops_platform.monitoring.drift.segments import fit_segments
from mlops_platform.spec import ModelSpec

if TYPE_CHECKING:
    import duckdb
    import pyarrow as pa

    from mlops_platform.tasks import Finished
    from mlops_platform.training.split import Split

BATCH_ROWS = 65_536


def profile_reference(
    spec: ModelSpec,
    training_set: TrainingSet,
    published_root: Path,
    fitted: Finished,
    split: Split,
) -> Profile:
    """Profile the features, the label and the predictions of the days of a training set.

    Features are those of all rows that were published for its days, outcomes those of its own
    rows. Predictions, of all rows and by segment, are of the rows of its validation and test days:
    those that the pipeline has not seen.

    Args:
        fitted: the judged candidate: the released refit has seen them all.

    Raises:
        DataError: the features of these days are not published any longer.
    """
    first, last = training_set.first_local_date, training_set.last_local_date
    with opened_features(spec, published_root, first, last, training_set.as_of) as (
        connection,
        rows,
    ):
        features = _of_features(spec, connection, rows)
        unseen = _predicted(spec, connection, rows, fitted, split)
        predictions = _of_predictions(spec, connection, unseen)
    return joined(features, _of_label(spec, training_set), predictions)


def _of_features(spec: ModelSpec, connection: duckdb.DuckDBPyConnection, rows: str) -> Profile:
    features, day = spec.features, spec.features.partition
    numeric = (*features.numeric, *features.boolean)
    profile = fit_profile(connection, rows, numeric, features.categorical, day)
    if not features.text:
        return profile
    return joined(profile, fit_text_profile(connection, rows, features.text, day))


def _of_label(spec: ModelSpec, training_set: TrainingSet) -> Profile:
    label = spec.label.column
    with opened_rows(training_set, [label]) as (connection, rows):
        return fit_profile(connection, rows, [label], [], spec.features.partition)


def _predicted(
    spec: ModelSpec,
    connection: duckdb.DuckDBPyConnection,
    rows: str,
    fitted: Finished,
    split: Split,
) -> pa.Table:
    """Day, subgroups and watched outputs of the rows that the pipeline has not seen."""
    import pyarrow as pa

    from mlops_platform.training.rows import days_of, features_of

    day, entity = spec.features.partition, identifier(spec.features.entity)
    kept = (day, *spec.evaluation.subgroups)
    seen = connection.from_arrow(pa.table({"seen": split.train[spec.features.entity]}))
    first_day = days_of(split.validation, spec).min()
    unseen = (
        connection.view(rows)
        .filter(f"{identifier(day)} >= DATE '{first_day}'")
        .join(seen, f"{entity} = seen", how="anti")
    )
    predicted = []
    for batch in unseen.to_arrow_reader(BATCH_ROWS):
        frame = features_of(batch.to_pandas(), spec)
        predictions = spec.task.predict(fitted.model, fitted.constants, frame)
        watched = {name: pa.array(predictions[name]) for name in spec.task.watched}
        predicted.append(pa.table({**{name: batch[name] for name in kept}, **watched}))
    return pa.concat_tables(predicted)


def _of_predictions(
    spec: ModelSpec, connection: duckdb.DuckDBPyConnection, predicted: pa.Table
) -> Profile:
    day, watched, evaluation = spec.features.partition, spec.task.watched, spec.evaluation
    connection.register("predicted", predicted)
    profile = fit_profile(connection, "predicted", watched, [], day)
    bins = profile.bins.by_name[watched[0]]
    segments = fit_segments(
        connection, "predicted", bins, evaluation.subgroups, evaluation.min_subgroup_rows, day
    )
    return joined(profile, segments)
