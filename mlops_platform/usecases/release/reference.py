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
    fit_profile,
    fit_text_profile,
    joined,
)
from mlops_platform.monitoring.drift.profile.stored import read_profile, write_profile
from mlops_platform.monitoring.drift.profile.texts import known_to_reference, with_derived
from mlops_platform.monitoring.drift.segments import fit_segments
from mlops_platform.monitoring.reference import (
    Reference,
    VersionReference,
    read_reference,
    sample,
    write_reference,
)
from mlops_platform.spec import SCORE, ModelSpec

if TYPE_CHECKING:
    import pyarrow as pa
    from pandas import DataFrame

    from mlops_platform.registry.registry import Registry
    from mlops_platform.training.fitting.calibration import Candidate
    from mlops_platform.training.split import Split
    from mlops_platform.usecases.candidate.judge import EvaluatedCandidate

FOLDER: Final = "reference"
MOST_HELD_OUT_ROWS: Final = 10_000


def log_reference(
    spec: ModelSpec,
    evaluated: EvaluatedCandidate,
    fitted: Candidate,
    base_rate: float,
    split: Split,
    registry: Registry,
) -> None:
    """Log to the version's run: its test figures, held-out rows, and the profile.

    Features and label are profiled on the whole training set. Scores, of all rows and by segment,
    are those of the judged candidate for the rows that its pipeline has not seen: the released
    refit has seen them all.

    Args:
        base_rate: share of positives among the rows that the released refit was fitted on.
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
        metrics=evaluation.metrics.model_dump(),
        base_rate=base_rate,
        base_rate_log_loss=evaluation.base_rate.log_loss,
        held_out_rows=held_out.num_rows,
        importances={importance.feature: importance.mean for importance in evaluation.importances},
    )
    with TemporaryDirectory() as temporary, registry.resume_run(candidate.run_id) as run:
        write_profile(Path(temporary), profile)
        write_reference(Path(temporary), reference, held_out)
        run.log_directory(FOLDER, Path(temporary))


def load_reference(registry: Registry, release: Release) -> VersionReference:
    """The figures of a released version and its held-out rows with their scores."""
    return read_reference(registry.fetch_directory(release.run_id, FOLDER))


def load_profile(registry: Registry, release: Release) -> Profile:
    """What the windows of a released version are counted in and compared with."""
    return read_profile(registry.fetch_directory(release.run_id, FOLDER))


def _scored(spec: ModelSpec, fitted: Candidate, rows: DataFrame) -> DataFrame:
    from mlops_platform.training.rows import features_of, positive_scores

    return rows.assign(**{SCORE: positive_scores(fitted.model, features_of(rows, spec))})


def _without_texts(rows: pa.Table, profile: Profile) -> pa.Table:
    """Texts may be long, and are nobody's business on a page: what is derived of them is shown."""
    with private_duckdb() as connection:
        return with_derived(connection, rows, known_to_reference(profile.bins.vocabularies))


def _profile(spec: ModelSpec, training_set: TrainingSet, unseen: list[DataFrame]) -> Profile:
    """Of the features and the label, and of the scores of rows that were not seen."""
    return joined(
        _profile_of_rows(spec, training_set), _profile_of_scores(spec, training_set, unseen)
    )


def _profile_of_rows(spec: ModelSpec, training_set: TrainingSet) -> Profile:
    day, label = spec.features.partition, spec.label.column
    features = spec.features
    numeric = (*features.numeric, *features.boolean, label)
    with opened_rows(training_set, [label]) as (connection, rows):
        profile = fit_profile(connection, rows, numeric, features.categorical, day)
        if not features.text:
            return profile
        return joined(profile, fit_text_profile(connection, rows, features.text, day))


def _profile_of_scores(
    spec: ModelSpec, training_set: TrainingSet, scored: list[DataFrame]
) -> Profile:
    import pandas as pd
    import pyarrow as pa

    entity, day, subgroups = (
        spec.features.entity,
        spec.features.partition,
        spec.evaluation.subgroups,
    )
    scores = pd.concat([rows[[entity, SCORE]] for rows in scored])
    table = pa.Table.from_pandas(scores, preserve_index=False)
    with joined_rows(training_set, table, entity, [day, *subgroups]) as (connection, unseen):
        profile = fit_profile(connection, unseen, [SCORE], [], day)
        (bins,) = profile.bins.columns
        fewest = spec.evaluation.min_subgroup_rows
        segments = fit_segments(connection, unseen, bins, subgroups, fewest, day)
        return joined(profile, segments)
