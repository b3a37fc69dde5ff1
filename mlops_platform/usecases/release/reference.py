"""What a version's windows are compared with, stored with the version."""

from __future__ import annotations

from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, Final

from mlops_platform.data.engine import private_duckdb
from mlops_platform.data.training_set import TrainingSet, joined_rows, opened_rows
from mlops_platform.ledger.records import Release
from mlops_platform.monitoring.drift.profile.profile import (
    Profile,
    counted_by,
    fit_profile,
    fit_text_profile,
    joined,
)
from mlops_platform.monitoring.drift.profile.stored import read_profile, write_profile
from mlops_platform.monitoring.drift.profile.texts import known_to_reference, with_derived
from mlops_platform.monitoring.drift.profile.units import UNIT, number_units
from mlops_platform.monitoring.drift.segments import fit_segments
from mlops_platform.monitoring.reference import (
    Reference,
    VersionReference,
    read_reference,
    sample,
    write_reference,
)
from mlops_platform.spec import ModelSpec, ShareSplitSpec
from mlops_platform.usecases.release.held_out_scores import (
    HeldOutScores,
    read_held_out_scores,
    write_held_out_scores,
)

if TYPE_CHECKING:
    import duckdb
    import pyarrow as pa
    from pandas import DataFrame

    from mlops_platform.registry.registry import Registry
    from mlops_platform.tasks import AdaptationRule, Constants, Finished
    from mlops_platform.training.split import Split
    from mlops_platform.usecases.candidate.judge import EvaluatedCandidate

FOLDER: Final = "reference"
MOST_HELD_OUT_ROWS: Final = 10_000


def log_reference(
    spec: ModelSpec,
    evaluated: EvaluatedCandidate,
    fitted: Finished,
    baseline: Constants,
    split: Split,
    registry: Registry,
) -> None:
    """Log to the version's run: its test figures, held-out rows, and the profile.

    Where its constants are to follow the outcomes, also the scores that they begin with.

    Features and label are profiled on the whole training set. Predictions, of all rows and by
    segment, are those of the judged candidate for the rows that its pipeline has not seen: the
    released refit has seen them all.

    Args:
        baseline: of the rows that the released refit was fitted on.
    """
    import pyarrow as pa

    candidate, evaluation = evaluated.candidate, evaluated.evaluation
    scored = _scored(spec, fitted, split.test)
    unseen = [_scored(spec, fitted, split.validation), scored]
    profile = _profile(spec, candidate.training_set, unseen)
    held_out = sample(
        pa.Table.from_pandas(scored, preserve_index=False),
        spec.features.entity,
        MOST_HELD_OUT_ROWS,
    )
    held_out = _without_texts(held_out, profile)
    reference = Reference(
        model=spec.name,
        rows=candidate.training_set.rows,
        metrics=evaluation.metrics,
        baseline=dict(baseline),
        loss=spec.task.loss,
        test_loss=evaluation.loss,
        test_baseline_loss=evaluation.baseline_loss,
        held_out_rows=held_out.num_rows,
        importances={importance.feature: importance.mean for importance in evaluation.importances},
        seen_until=None if spec.features.has_event_time else candidate.training_set.as_of,
    )
    with TemporaryDirectory() as temporary, registry.resume_run(candidate.run_id) as run:
        write_profile(Path(temporary), profile)
        write_reference(Path(temporary), reference, held_out)
        write_held_out_scores(spec, fitted, split, candidate.training_set, Path(temporary))
        run.log_directory(FOLDER, Path(temporary))


def load_reference(registry: Registry, release: Release) -> VersionReference:
    """The figures of a released version and its held-out rows with their predictions."""
    return read_reference(registry.fetch_directory(release.run_id, FOLDER))


def load_profile(registry: Registry, release: Release) -> Profile:
    """What the windows of a released version are counted in and compared with."""
    return read_profile(registry.fetch_directory(release.run_id, FOLDER))


def load_held_out_scores(
    registry: Registry, release: Release, rule: AdaptationRule
) -> HeldOutScores | None:
    """What adjustments of a released version begin with; None where it was trained for none."""
    return read_held_out_scores(registry.fetch_directory(release.run_id, FOLDER), rule)


def _scored(spec: ModelSpec, fitted: Finished, rows: DataFrame) -> DataFrame:
    from mlops_platform.training.rows import features_of

    predictions = spec.task.predict(fitted.model, fitted.constants, features_of(rows, spec))
    return rows.assign(**predictions.columns)


def _without_texts(rows: pa.Table, profile: Profile) -> pa.Table:
    """Texts may be long, and are nobody's business on a page: what is derived of them is shown."""
    with private_duckdb() as connection:
        return with_derived(connection, rows, known_to_reference(profile.bins.vocabularies))


def _profile(spec: ModelSpec, training_set: TrainingSet, unseen: list[DataFrame]) -> Profile:
    """Of the features and the label, and of the predictions for rows that were not seen."""
    profile = joined(
        _profile_of_rows(spec, training_set), _profile_of_predictions(spec, training_set, unseen)
    )
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


def _profile_of_rows(spec: ModelSpec, training_set: TrainingSet) -> Profile:
    label, features = spec.label.column, spec.features
    numeric = (*features.numeric, *features.boolean, label)
    with opened_rows(training_set, [label]) as (connection, rows):
        rows, day = _by_unit(spec, connection, rows)
        profile = fit_profile(connection, rows, numeric, features.categorical, day)
        if not features.text:
            return profile
        return joined(profile, fit_text_profile(connection, rows, features.text, day))


def _profile_of_predictions(
    spec: ModelSpec, training_set: TrainingSet, scored: list[DataFrame]
) -> Profile:
    import pandas as pd
    import pyarrow as pa

    entity, watched, subgroups = spec.features.entity, spec.task.watched, spec.evaluation.subgroups
    beside = dict.fromkeys((spec.features.partition, *subgroups))
    if _unit_key(spec) != entity:
        beside[_unit_key(spec)] = None
    predictions = pd.concat([rows[[entity, *watched]] for rows in scored])
    table = pa.Table.from_pandas(predictions, preserve_index=False)
    with joined_rows(training_set, table, entity, list(beside)) as (connection, unseen):
        unseen, day = _by_unit(spec, connection, unseen)
        profile = fit_profile(connection, unseen, watched, [], day)
        bins = next(column for column in profile.bins.columns if column.column == watched[0])
        fewest = spec.evaluation.min_subgroup_rows
        segments = fit_segments(connection, unseen, bins, subgroups, fewest, day)
        return joined(profile, segments)
