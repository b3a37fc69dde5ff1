"""The profile that a version's windows are counted in and compared with.

A window holds every row that was published for its days. So does the reference: were it of the
training set, a value whose rows have no label (a cancelled flight, a carrier whose outcomes nobody
reports) would be news in every window.
"""

from __future__ import annotations

from collections.abc import Sequence
from math import ceil
from pathlib import Path
from typing import TYPE_CHECKING

from mlops_platform.data.engine import identifier
from mlops_platform.data.features.features import opened_features
from mlops_platform.data.training_set import TrainingSet, opened_rows
from mlops_platform.errors import DataError
from mlops_platform.monitoring.drift.profile.profile import (
    Profile,
    count_days,
    counted_by,
    fit_profile,
    fit_text_profile,
    joined,
)
from mlops_platform.monitoring.drift.profile.released import kept_beside
from mlops_platform.monitoring.drift.profile.units import UNIT, number_units
from mlops_platform.monitoring.drift.segments import count_segment_days, fit_segments
from mlops_platform.spec import ModelSpec, ShareSplitSpec

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
    judged: Finished,
    released: Finished,
    split: Split,
) -> Profile:
    """Profile the features, the label and the predictions of the days of a training set.

    Features are those of all rows that were published for its days, outcomes those of its own
    rows. Predictions, of all rows and by segment, are of the rows of its validation and test days:
    those that the judged pipeline has not seen, by it and, beside that, by the release.

    Args:
        released: the refit, which has seen them all.

    Raises:
        DataError: the features of these days are not published any longer.
    """
    first, last = training_set.first_local_date, training_set.last_local_date
    with opened_features(spec, published_root, first, last, training_set.as_of) as (
        connection,
        rows,
    ):
        features = _of_features(spec, connection, rows)
        unseen = _predicted(spec, connection, rows, (judged, released), split)
        predictions = _of_predictions(spec, connection, *unseen)
    profile = joined(features, _of_label(spec, training_set), predictions)
    return counted_by(spec.training.history.split.unit, profile)


def _by_unit(spec: ModelSpec, connection: duckdb.DuckDBPyConnection, rows: str) -> tuple[str, str]:
    """The rows, and their column of what is counted apart: their day, or without event time more.

    What a landed day holds says nothing of how windows differ: it may be everything.
    """
    if spec.features.has_event_time:
        return rows, spec.features.partition
    return number_units(connection, rows, _unit_key(spec)), UNIT


def _unit_key(spec: ModelSpec) -> str:
    split = spec.training.history.split
    group = split.group if isinstance(split, ShareSplitSpec) else None
    return group or spec.features.entity


def _of_features(spec: ModelSpec, connection: duckdb.DuckDBPyConnection, rows: str) -> Profile:
    features = spec.features
    # The key of a group is new in every window, whatever the rows are like.
    numeric = [n for n in (*features.numeric, *features.boolean) if n in spec.learnt_features]
    rows, day = _by_unit(spec, connection, rows)
    profile = fit_profile(connection, rows, numeric, features.categorical, day)
    if not features.text:
        return profile
    return joined(profile, fit_text_profile(connection, rows, features.text, day))


def _of_label(spec: ModelSpec, training_set: TrainingSet) -> Profile:
    label = spec.label.column
    numbers, categories = ([], [label]) if spec.task.label_type == "VARCHAR" else ([label], [])
    with opened_rows(training_set, numbers) as (connection, rows):
        rows, day = _by_unit(spec, connection, rows)
        return fit_profile(connection, rows, numbers, categories, day)


def _predicted(
    spec: ModelSpec,
    connection: duckdb.DuckDBPyConnection,
    rows: str,
    candidates: Sequence[Finished],
    split: Split,
) -> list[pa.Table]:
    """Watched outputs of the rows that the judged pipeline has not seen, a table per candidate.

    Beside them is what the rows are counted by.
    """
    import pyarrow as pa

    from mlops_platform.training.rows import days_of, features_of

    day, has_event_time = spec.features.partition, spec.features.has_event_time
    key = spec.features.entity if has_event_time else _unit_key(spec)
    kept = dict.fromkeys((day, *spec.evaluation.subgroups, *([] if has_event_time else [key])))
    seen = connection.from_arrow(pa.table({"seen": split.train[key]}))
    unseen = connection.view(rows).join(seen, f"{identifier(key)} = seen", how="anti")
    if has_event_time:
        first_day = days_of(split.validation, spec).min()
        unseen = unseen.filter(f"{identifier(day)} >= DATE '{first_day}'")
    predicted: list[list[pa.Table]] = [[] for _ in candidates]
    for batch in unseen.to_arrow_reader(BATCH_ROWS):
        frame, keys = features_of(batch.to_pandas(), spec), {name: batch[name] for name in kept}
        for candidate, tables in zip(candidates, predicted, strict=True):
            predictions = spec.task.predict(candidate.model, candidate.constants, frame)
            watched = {name: pa.array(predictions[name]) for name in spec.task.watched}
            tables.append(pa.table({**keys, **watched}))
    if not all(predicted):
        raise DataError(
            f"{spec.features.table} has no row any more that the pipeline has not seen, and the "
            "drift of its predictions needs some. Build and publish the days of the training set."
        )
    return [pa.concat_tables(tables) for tables in predicted]


def _fewest_rows(spec: ModelSpec, days: int) -> int:
    """Rows of a segment in so many days: as many a day as a subgroup needs that the gate judges.

    Of fewer, the same entities come every day, and any change of one of them is the segment's.
    """
    split, fewest = spec.training.history.split, spec.evaluation.min_subgroup_rows
    if isinstance(split, ShareSplitSpec):
        return fewest
    return ceil(fewest * days / split.test_days)


def _of_predictions(
    spec: ModelSpec, connection: duckdb.DuckDBPyConnection, judged: pa.Table, released: pa.Table
) -> Profile:
    """What the judged candidate says, and beside it the release in the same bins."""
    watched = spec.task.watched
    connection.register("judged_predictions", judged)
    rows, day = _by_unit(spec, connection, "judged_predictions")
    categories = spec.task.watched_categories
    numbers = [name for name in watched if name not in categories]
    profile = fit_profile(connection, rows, numbers, categories, day)
    bins = profile.bins.by_name[watched[0]]
    fewest = _fewest_rows(spec, len(profile.column(watched[0]).dates))
    segments = fit_segments(connection, rows, bins, spec.evaluation.subgroups, fewest, day)
    connection.register("released_predictions", released)
    rows, day = _by_unit(spec, connection, "released_predictions")
    counts = {
        name: count_days(connection, rows, column, day)
        for name, column in profile.bins.by_name.items()
    }
    own = joined(
        Profile(profile.bins, counts),
        count_segment_days(connection, rows, segments.bins.columns, watched[0], day),
    )
    return joined(profile, segments, kept_beside(own))
