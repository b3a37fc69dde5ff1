"""evaluation and gate: what the candidate is worth, and whether it may be released."""

from collections.abc import Iterator, Sequence
from typing import Any, Final

import dagster as dg

from mlops_platform.components.model_lifecycle.asset_arguments import asset_arguments, upstream
from mlops_platform.components.model_lifecycle.candidate.criterion_descriptions import (
    criterion_descriptions,
)
from mlops_platform.components.model_lifecycle.fairness_tables import gaps_table, groups_table
from mlops_platform.components.model_lifecycle.presentation import (
    browsable,
    mlflow_run,
    picture,
    table,
)
from mlops_platform.components.model_lifecycle.run_facts import actor_of, is_automatic
from mlops_platform.components.waiting import waits_for_locks
from mlops_platform.errors import TrainingError
from mlops_platform.formats.digits import digits
from mlops_platform.ledger.ledger import Ledger
from mlops_platform.ledger.records import NewDecision
from mlops_platform.spec import ModelSpec
from mlops_platform.training.judging.criteria import Criterion
from mlops_platform.training.judging.subgroups import Subgroup
from mlops_platform.usecases.candidate.judge import (
    EvaluatedCandidate,
    JudgedCandidate,
    evaluate_candidate,
    hold_back,
    judge_candidate,
)
from mlops_platform.usecases.candidate.train import TrainedCandidate
from mlops_platform.usecases.deployment import open_deployment
from mlops_platform.usecases.retraining.attempts import (
    CPU_SECONDS,
    FEATURES_DIGEST,
    LABELS_DIGEST,
    MLFLOW_RUN,
    TRAINED_AS_OF,
)
from mlops_platform.usecases.version.champion import load_champion

GATE_COMPUTED = "gate_computed"
MARKS: Final = {True: "✓", False: "✗", None: "?"}


def evaluation_asset(spec: ModelSpec) -> dg.AssetsDefinition:
    """Everything that is measured on the test rows."""

    @dg.asset(
        **asset_arguments(
            spec,
            "evaluation",
            "The candidate on test rows that it has not seen, and against the champion on rows "
            "that neither has seen.",
            "scikitlearn",
            "mlflow",
        ),
        ins={"candidate": upstream(spec, "candidate")},
    )
    @waits_for_locks
    def evaluation(candidate: TrainedCandidate) -> dg.MaterializeResult[EvaluatedCandidate]:
        deployment = open_deployment()
        champion = load_champion(deployment, spec.name)
        evaluated, figures = evaluate_candidate(spec, candidate, champion, deployment.registry)
        return dg.MaterializeResult(
            value=evaluated,
            metadata=browsable(
                {
                    **_headline(spec, evaluated),
                    "subgroups": _subgroups(evaluated.evaluation.subgroups),
                    **gaps_table(evaluated.evaluation.fairness),
                    **groups_table(evaluated.evaluation.fairness),
                    **_versions(evaluated),
                    **{f"figure_{name}": picture(png, name) for name, png in figures.items()},
                    "mlflow_run": mlflow_run(deployment, candidate.run_id),
                }
            ),
        )

    return evaluation


def gate_asset(spec: ModelSpec) -> dg.AssetsDefinition:
    """The verdict; each criterion is a check with its number."""
    checks = [
        dg.AssetCheckSpec(
            GATE_COMPUTED,
            asset=[spec.name, "gate"],
            blocking=True,
            description="Every number the gate needs exists; without this nothing is released.",
        ),
        *(
            dg.AssetCheckSpec(name, asset=[spec.name, "gate"], description=description)
            for name, description in criterion_descriptions(spec).items()
        ),
    ]

    @dg.asset(
        **asset_arguments(
            spec,
            "gate",
            "Promote, reject or wait: the same criteria for a first training and for every "
            "retraining. Losing is a normal outcome.",
            "python",
        ),
        ins={"evaluation": upstream(spec, "evaluation")},
        check_specs=checks,
    )
    @waits_for_locks
    def gate(context: dg.AssetExecutionContext, evaluation: EvaluatedCandidate) -> Iterator[Any]:
        ledger = open_deployment().ledger
        try:
            judged = hold_back(
                judge_candidate(spec, evaluation), ledger, spec.name, is_automatic(context)
            )
        except TrainingError as error:
            yield dg.AssetCheckResult(
                passed=False, check_name=GATE_COMPUTED, metadata=browsable({"reason": str(error)})
            )
            raise
        _record_loss(ledger, spec.name, judged, actor_of(context))
        yield from _results(judged)

    return gate


def _record_loss(ledger: Ledger, model: str, judged: JudgedCandidate, actor: str) -> None:
    """A promotion is written with its release, in one transaction; everything else here."""
    verdict = judged.verdict
    if verdict.outcome != "promote":
        decision = NewDecision(
            kind=verdict.outcome, reason=verdict.reason, actor=actor, evidence=evidence_of(judged)
        )
        ledger.record_decision(model, decision)


def evidence_of(judged: JudgedCandidate) -> dict[str, Any]:
    """What a decision about a candidate rests on, for the ledger."""
    candidate = judged.evaluated.candidate
    made, update = candidate.made_text, candidate.update
    return {
        **({} if made is None else {"made": made}),
        **({} if update is None else {"update": update.model_dump(mode="json")}),
        MLFLOW_RUN: candidate.run_id,
        "training_set": candidate.training_set.hash,
        FEATURES_DIGEST: candidate.training_set.features_digest,
        LABELS_DIGEST: candidate.training_set.labels_digest,
        "history": candidate.training_set.history,
        TRAINED_AS_OF: candidate.training_set.as_of.isoformat(),
        CPU_SECONDS: candidate.cpu_seconds,
        "criteria": [criterion.model_dump(mode="json") for criterion in judged.verdict.criteria],
    }


def _results(judged: JudgedCandidate) -> Iterator[Any]:
    verdict = judged.verdict
    yield dg.MaterializeResult(
        value=judged,
        metadata=browsable(
            {
                "verdict": verdict.outcome,
                "reason": verdict.reason,
                "figures": _figures(judged.evaluated),
                "criteria": _criteria(verdict.criteria),
                **_versions(judged.evaluated),
            }
        ),
        check_results=[
            dg.AssetCheckResult(passed=True, check_name=GATE_COMPUTED),
            *(_check_result(criterion) for criterion in verdict.criteria),
        ],
    )


def _figures(evaluated: EvaluatedCandidate) -> str:
    """The one comparison that the verdict is about, in words."""
    evaluation, comparison = evaluated.evaluation, evaluated.comparison
    text = f"loss {digits(evaluation.loss)}, baseline {digits(evaluation.baseline_loss)}"
    if comparison and comparison.champion_loss is not None:
        text += f", champion {digits(comparison.champion_loss)} on rows new to both"
    return text


def _versions(evaluated: EvaluatedCandidate) -> dict[str, Any]:
    """How the answers of champion and candidate differ, where the task has a table for it."""
    shown = evaluated.comparison.agreement_table if evaluated.comparison else None
    if shown is None:
        return {}
    rows = [dict(zip(shown.columns, row, strict=True)) for row in shown.rows]
    return {"against_champion": shown.title, "against_champion_rows": table(rows)}


def _criteria(criteria: Sequence[Criterion]) -> dg.TableMetadataValue:
    """What is missed first, then what is open; two columns, so that the page need not scroll."""
    return table(
        [
            {
                "criterion": f"{MARKS[criterion.passed]} {criterion.name}",
                "found": criterion.description,
            }
            for criterion in sorted(criteria, key=_missed_first)
        ]
    )


def _missed_first(criterion: Criterion) -> int:
    return (False, None, True).index(criterion.passed)


def _subgroups(groups: Sequence[Subgroup]) -> dg.TableMetadataValue:
    """Who is served worst comes first: by the loss over that of the subgroup's own baseline."""
    ordered = sorted(groups, key=lambda group: (not group.judged, -(group.loss_ratio or 0.0)))
    return table(
        [
            {
                "subgroup": f"{group.column} {group.value}" + ("" if group.judged else " (few)"),
                "rows": group.rows,
                "loss": group.loss,
                "ratio": group.loss_ratio,
            }
            for group in ordered
        ]
    )


def _check_result(criterion: Criterion) -> dg.AssetCheckResult:
    """A criterion that is missed, or open, warns: the run goes on and releases nothing."""
    numbers = {"value": criterion.value, "threshold": criterion.threshold}
    return dg.AssetCheckResult(
        check_name=criterion.name,
        passed=criterion.passed is True,
        severity=dg.AssetCheckSeverity.WARN,
        metadata=browsable(
            {
                "found": criterion.description,
                "state": {True: "passed", False: "missed", None: "open"}[criterion.passed],
                **{name: number for name, number in numbers.items() if number is not None},
                **({"unit": criterion.unit} if criterion.unit else {}),
            }
        ),
    )


def _headline(spec: ModelSpec, evaluated: EvaluatedCandidate) -> dict[str, Any]:
    """The loss against those of baseline and champion, then the other headline metrics."""
    evaluation, comparison = evaluated.evaluation, evaluated.comparison
    shown: dict[str, Any] = {
        f"test_{spec.task.loss}": evaluation.loss,
        "baseline_loss": evaluation.baseline_loss,
    }
    if comparison and comparison.mean_improvement is not None:
        shown["champion_loss"] = comparison.champion_loss
        shown["improvement_over_champion"] = comparison.mean_improvement
    metrics = {
        f"test_{name}": evaluation.metrics[name]
        for name, metric in spec.task.all_metrics.items()
        if metric.headline
    }
    d2 = {} if evaluation.d2 is None else {"test_d2_interval": evaluation.d2.text}
    return {**shown, **metrics, **d2, "test_rows": evaluation.rows}
