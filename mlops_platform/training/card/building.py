"""Filling a model card from a run and from the human parts of the YAML."""

from __future__ import annotations

from collections.abc import Mapping

from mlops_platform.column_kind import KINDS
from mlops_platform.spec import ModelSpec
from mlops_platform.training.card.record import (
    Card,
    DataFacts,
    EvaluationData,
    Factors,
    IntendedUse,
    MetricRow,
    MetricsSection,
    ModelDetails,
    QuantitativeAnalyses,
    VersionFacts,
)
from mlops_platform.training.judging.evaluation import Evaluation
from mlops_platform.training.judging.gate import Verdict
from mlops_platform.training.pipelines.pipeline import candidate_named
from mlops_platform.training.search.search import Recipe

MEANINGS: Mapping[str, str] = {
    "log_loss": "penalty for confident mistakes; lower is better",
    "brier_score": "mean squared error of the probability; lower is better",
    "roc_auc": "chance that a positive scores above a negative; 0.5 is guessing",
    "average_precision": "precision averaged over recall; the base rate is guessing",
    "expected_calibration_error": "mean distance of probability and frequency; lower is better",
    "precision": "share of positive decisions that are right",
    "recall": "share of positives that are found",
    "f1": "harmonic mean of precision and recall",
    "expected_cost": "mean cost of one decision in the declared costs; lower is better",
}


def build_card(
    spec: ModelSpec,
    training_set: DataFacts,
    recipe: Recipe,
    evaluation: Evaluation,
    verdict: Verdict,
    version: VersionFacts,
) -> Card:
    """Fill a card from a run; the human parts come from the YAML's `card`."""
    human = spec.card
    return Card(
        model_details=_details(spec, recipe, version),
        intended_use=IntendedUse(primary_use=human.intended_use, out_of_scope=human.out_of_scope),
        factors=Factors(
            relevant=spec.features.categorical + spec.features.boolean + spec.features.sensitive,
            evaluated=spec.evaluation.subgroups,
            sensitive=spec.features.sensitive,
        ),
        metrics=_metrics(spec, evaluation),
        evaluation_data=_evaluation_data(spec, evaluation),
        training_data=training_set,
        quantitative_analyses=QuantitativeAnalyses(
            unitary=evaluation.subgroups,
            intersectional=evaluation.intersections,
            confusion=evaluation.confusion,
            calibration=evaluation.calibration,
            importances=evaluation.importances,
            outcome=verdict.outcome,
            reason=verdict.reason,
            criteria=verdict.criteria,
        ),
        ethical_considerations=human.ethical_considerations or "None were declared.",
        caveats_and_recommendations=human.caveats or "None were declared.",
    )


def _details(spec: ModelSpec, recipe: Recipe, version: VersionFacts) -> ModelDetails:
    candidate = candidate_named(spec, recipe.candidate)
    transformers = [step.type for entry in candidate.preprocessing for step in entry.steps]
    return ModelDetails(
        name=spec.name,
        version=version.version,
        created_at=version.created_at,
        description=spec.description,
        owners=spec.owners,
        contact=spec.card.contact or ", ".join(spec.owners),
        license=spec.card.license or "not declared",
        task=spec.task,
        label=f"{spec.label.table}.{spec.label.column}",
        features={kind: columns for kind in KINDS if (columns := spec.features.of_kind(kind))},
        candidate=recipe.candidate,
        algorithm=candidate.estimator.type,
        transformers=(*transformers, *(step.type for step in candidate.steps)),
        parameters={**candidate.estimator.params, **recipe.params},
        calibration=spec.training.calibration,
        candidates_tried={
            tried.name: recipe.best_score_of(tried.name) for tried in spec.training.candidates
        },
        trials=len(recipe.trials),
        search_metric=recipe.metric,
        provenance=version.provenance,
    )


def _metrics(spec: ModelSpec, evaluation: Evaluation) -> MetricsSection:
    own, base = evaluation.metrics.model_dump(), evaluation.base_rate.model_dump()
    improvement = spec.gate.improvement
    return MetricsSection(
        measures=tuple(
            MetricRow(name=name, meaning=meaning, value=own[name], base_rate=base[name])
            for name, meaning in MEANINGS.items()
        ),
        threshold=evaluation.threshold,
        cost_of_false_positive=spec.training.costs.false_positive,
        cost_of_false_negative=spec.training.costs.false_negative,
        uncertainty=(
            f"Against a champion, the difference in {improvement.metric} is resampled by whole "
            f"days ({improvement.resamples} times), because rows of one day are not independent; "
            f"its lower bound at {improvement.confidence:.0%} confidence must exceed "
            f"{improvement.margin:g}."
        ),
    )


def _evaluation_data(spec: ModelSpec, evaluation: Evaluation) -> EvaluationData:
    return EvaluationData(
        rows=evaluation.rows,
        first_day=evaluation.daily[0].day,
        last_day=evaluation.daily[-1].day,
        positive_rate=evaluation.positive_rate,
        motivation=(
            f"The most recent {len(evaluation.daily)} days with known labels: the closest to what "
            "the model will meet. They played no part in fitting, tuning, calibration or the "
            "choice of the threshold. The released model is the same recipe refitted on all rows, "
            "these included."
        ),
        preprocessing=(
            f"Rows without a known {spec.label.column} are left out; everything else is part of "
            "the model's own pipeline."
        ),
    )
