"""Measures a candidate on its test rows and compares it with the champion."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

from mlops_platform.artifacts.model_store import load_model_again
from mlops_platform.data.training_set import load_training_set, read_rows
from mlops_platform.errors import ServingError, TrainingError
from mlops_platform.ledger.ledger import Ledger
from mlops_platform.record import Record
from mlops_platform.spec import ModelSpec, ShareSplitSpec
from mlops_platform.tasks import Constants, Finished
from mlops_platform.training.judging.comparison import Comparison
from mlops_platform.training.judging.evaluation import Evaluation
from mlops_platform.training.judging.gate import Verdict, apply_gate
from mlops_platform.usecases.candidate.explained import explained
from mlops_platform.usecases.candidate.train import TrainedCandidate
from mlops_platform.usecases.candidate.training_rows import split_rows
from mlops_platform.usecases.ledger.freeze import freeze_text, frozen_by
from mlops_platform.usecases.ledger.retirement import retired_by, retirement_text

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray
    from pandas import DataFrame

    from mlops_platform.registry.registry import Registry
    from mlops_platform.tasks import Predictions
    from mlops_platform.training.split import Split
    from mlops_platform.usecases.version.champion import Champion

PARITY_ROWS = 2000


class EvaluatedCandidate(Record):
    """A candidate with everything that was measured on its test rows.

    Args:
        comparison: against the champion on rows that neither has seen; None without a champion.
        champion_sequence: release that the comparison was made against; a verdict holds for no
            other.
        serving_fault: why the serving path does not answer what the pipeline answers.
    """

    candidate: TrainedCandidate
    evaluation: Evaluation
    comparison: Comparison | None
    champion_sequence: int | None
    serving_fault: str | None


class JudgedCandidate(Record):
    """An evaluated candidate and what the gate says about it."""

    evaluated: EvaluatedCandidate
    verdict: Verdict


def evaluate_candidate(
    spec: ModelSpec, candidate: TrainedCandidate, champion: Champion | None, registry: Registry
) -> tuple[EvaluatedCandidate, dict[str, bytes]]:
    """Everything the gate needs to know, and the figures that show it; both logged to MLflow.

    Returns:
        The record, and PNG bytes by figure name.
    """
    from mlops_platform.training.judging.evaluation import evaluate
    from mlops_platform.training.judging.figures import figures_of

    split = split_rows(spec, candidate.training_set)
    fitted = load_candidate(candidate)
    size = sum(file.stat().st_size for file in candidate.directory.iterdir())
    measured = evaluate(spec, fitted, split, artifact_bytes=size)
    training_sets = candidate.training_set.path.parent
    comparison = _compare(spec, fitted, champion, split, training_sets) if champion else None
    evaluation = explained(spec, measured, fitted, split, champion)
    evaluated = EvaluatedCandidate(
        candidate=candidate,
        evaluation=evaluation,
        comparison=comparison,
        champion_sequence=champion.release.sequence if champion else None,
        serving_fault=_serving_fault(spec, fitted, split),
    )
    figures = figures_of(spec.task, evaluation)
    with registry.resume_run(candidate.run_id) as run:
        run.log_metrics({f"test_{name}": value for name, value in evaluation.metrics.items()})
        run.log_text("evaluation.json", evaluated.to_stored(exclude={"candidate"}))
        run.log_figures(figures)
    return evaluated, figures


def judge_candidate(spec: ModelSpec, evaluated: EvaluatedCandidate) -> JudgedCandidate:
    """The gate's verdict on an evaluated candidate.

    Raises:
        TrainingError: the gate cannot be computed.
    """
    verdict = apply_gate(
        spec,
        evaluated.evaluation,
        evaluated.comparison,
        round_trip=evaluated.candidate.round_trip,
        serving_fault=evaluated.serving_fault,
    )
    return JudgedCandidate(evaluated=evaluated, verdict=verdict)


def hold_back(
    judged: JudgedCandidate, ledger: Ledger, model: str, automatic: bool
) -> JudgedCandidate:
    """Turn a promotion into `wait` where the model is retired, or frozen and nobody asked."""
    if judged.verdict.outcome != "promote":
        return judged
    retired, frozen = retired_by(ledger, model), frozen_by(ledger, model) if automatic else None
    if retired is not None:
        held = f"retired {retirement_text(retired)}"
    elif frozen is not None:
        held = f"frozen {freeze_text(frozen)}"
    else:
        return judged
    reason = f"Every criterion passes, but {model} is {held}."
    verdict = judged.verdict.model_copy(update={"outcome": "wait", "reason": reason})
    return judged.model_copy(update={"verdict": verdict})


def load_candidate(candidate: TrainedCandidate) -> Finished:
    """The fitted candidate, verified and loaded from its folder."""
    model = load_model_again(candidate.directory, candidate.digests)
    return Finished(model, candidate.constants, candidate.baseline)


def _compare(
    spec: ModelSpec, fitted: Finished, champion: Champion, split: Split, training_sets: Path
) -> Comparison:
    import numpy as np

    from mlops_platform.training.judging.agreement import Agreement, agreement_of
    from mlops_platform.training.judging.comparison import PairedLosses, compare_losses
    from mlops_platform.training.rows import targets_of, weights_of
    from mlops_platform.training.units import units_of

    spec.task.require_kind(champion.task, f"the champion, version {champion.release.version},")
    rows = _common_rows(spec, champion, split.test, training_sets)
    targets = targets_of(rows, spec)

    def stated_by(model: Any, constants: Constants) -> Predictions | None:
        # Each model reads its own columns: features come and go from version to version.
        columns = list(model.feature_names_in_)
        if absent := [column for column in columns if column not in rows.columns]:
            raise TrainingError(
                f"features: the champion of {spec.name} still reads {absent}. Keep them under "
                "`features.sensitive` until a version without them is released."
            )
        return spec.task.predict(model, constants, rows[columns]) if len(rows) else None

    def losses_of(stated: Predictions | None) -> NDArray[np.float64]:
        return np.empty(0) if stated is None else spec.task.row_losses(targets, stated)

    before = stated_by(champion.model, champion.constants)
    after = stated_by(fitted.model, fitted.constants)
    comparison = compare_losses(
        spec.gate.improvement,
        PairedLosses(
            losses_of(before),
            losses_of(after),
            units_of(rows, spec),
            weights_of(rows, spec),
        ),
        metric=spec.task.loss,
        seed=spec.training.tuning.seed,
    )
    agreement = Agreement()
    if before is not None and after is not None:
        agreement = agreement_of(spec.task, before, after)
    unit = spec.training.history.split.unit
    return comparison.model_copy(update={**dict(agreement), "unit": unit})


def _common_rows(
    spec: ModelSpec, champion: Champion, test_rows: DataFrame, training_sets: Path
) -> DataFrame:
    """Test rows that the champion was not fitted on either."""
    from mlops_platform.training.judging.comparison import unseen_by_both, unseen_keys

    split = spec.training.history.split
    if not isinstance(split, ShareSplitSpec):
        return unseen_by_both(test_rows, champion.fitted_through, spec)
    fitted_on = read_rows(load_training_set(training_sets / champion.training_set)).to_pandas()
    return unseen_keys(test_rows, fitted_on, spec, split)


def _serving_fault(spec: ModelSpec, fitted: Finished, split: Split) -> str | None:
    from mlops_platform.serving.packing.parity import check_parity
    from mlops_platform.serving.schema import describe_features

    schema = describe_features(spec, split.train, fitted.model)
    try:
        check_parity(schema, spec.task, fitted.model, split.test.head(PARITY_ROWS))
    except ServingError as error:
        return str(error).rstrip(".")
    return None
