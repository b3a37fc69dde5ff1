"""What a version's windows are compared with, stored with the version."""

from __future__ import annotations

from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, Final

from mlops_platform.data.training_set import read_rows
from mlops_platform.ledger.records import Release
from mlops_platform.monitoring.drift.profile import profile_of
from mlops_platform.monitoring.reference import (
    Reference,
    read_reference,
    sample,
    write_reference,
)
from mlops_platform.spec import ModelSpec

if TYPE_CHECKING:
    import pyarrow as pa
    from pandas import DataFrame

    from mlops_platform.registry.registry import Registry
    from mlops_platform.training.calibration import Candidate
    from mlops_platform.usecases.judge import EvaluatedCandidate

FOLDER: Final = "reference"
SCORE: Final = "score"
MOST_HELD_OUT_ROWS: Final = 10_000


def log_reference(
    spec: ModelSpec,
    evaluated: EvaluatedCandidate,
    fitted: Candidate,
    base_rate: float,
    test: DataFrame,
    registry: Registry,
) -> None:
    """Log to the version's run: the profile of its training set, its test figures, held-out rows.

    The held-out rows carry the scores of the judged candidate: the released refit has seen them.

    Args:
        base_rate: share of positives among the rows that the released refit was fitted on.
        test: the test part of the split.
    """
    import pyarrow as pa

    from mlops_platform.training.rows import features_of, positive_scores

    candidate, evaluation = evaluated.candidate, evaluated.evaluation
    rows = read_rows(candidate.training_set)
    held_out = sample(
        pa.Table.from_pandas(test, preserve_index=False), spec.features.entity, MOST_HELD_OUT_ROWS
    )
    scores = positive_scores(fitted.model, features_of(held_out.to_pandas(), spec))
    reference = Reference(
        model=spec.name,
        rows=rows.num_rows,
        profile=profile_of(rows, spec.features.numeric, spec.features.categorical),
        metrics=evaluation.metrics.model_dump(),
        base_rate=base_rate,
        base_rate_log_loss=evaluation.base_rate.log_loss,
        held_out_rows=held_out.num_rows,
    )
    with TemporaryDirectory() as temporary, registry.resume_run(candidate.run_id) as run:
        write_reference(Path(temporary), reference, held_out.append_column(SCORE, [scores]))
        run.log_directory(FOLDER, Path(temporary))


def load_reference(registry: Registry, release: Release) -> tuple[Reference, pa.Table]:
    """The reference of a released version and its held-out rows with their scores."""
    return read_reference(registry.fetch_directory(release.run_id, FOLDER))
