"""Filling a model card from a run and from the human parts of the YAML."""

from __future__ import annotations

from mlops_platform.column_kind import KINDS
from mlops_platform.spec import WITHOUT_EVENT_TIME, ModelSpec, ShareSplitSpec
from mlops_platform.tasks import DetailTable
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
from mlops_platform.training.judging.class_chances import class_table
from mlops_platform.training.judging.evaluation import Evaluation
from mlops_platform.training.judging.gate import Verdict
from mlops_platform.training.judging.near_duplicates import near_duplicate_table
from mlops_platform.training.judging.rivals import rival_table
from mlops_platform.training.judging.subgroup_limits import limited_table
from mlops_platform.training.judging.subgroups import worse_groups_text
from mlops_platform.training.pipelines.pipeline import candidate_named
from mlops_platform.training.search.search import Recipe


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
        evaluation_data=_evaluation_data(spec, evaluation, taught=training_set.taught),
        training_data=training_set,
        quantitative_analyses=QuantitativeAnalyses(
            unitary=evaluation.subgroups,
            intersectional=evaluation.intersections,
            worse_groups=worse_groups_text(
                (*evaluation.subgroups, *evaluation.intersections), spec.task.baseline_name
            ),
            details=_detail_tables(spec, evaluation),
            importances=evaluation.importances,
            importance_groups=evaluation.importance_groups,
            dependences=evaluation.dependences,
            importance_shift=evaluation.importance_shift,
            outcome=verdict.outcome,
            reason=verdict.reason,
            criteria=verdict.criteria,
            fairness=evaluation.fairness,
        ),
        ethical_considerations=human.ethical_considerations or "None were declared.",
        caveats_and_recommendations=_caveats(spec),
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
        task=spec.task.type,
        task_options=spec.task.model_dump(
            mode="json", exclude={"type", "metrics"}, exclude_none=True
        ),
        has_event_time=spec.features.has_event_time,
        label=f"{spec.label.table}.{spec.label.column}",
        features={kind: columns for kind in KINDS if (columns := spec.features.of_kind(kind))},
        candidate=recipe.candidate,
        algorithm=candidate.estimator.type,
        transformers=(*transformers, *(step.type for step in candidate.steps)),
        parameters={**candidate.estimator.params, **recipe.params},
        candidates_tried={
            tried.name: recipe.best_score_of(tried.name) for tried in spec.training.candidates
        },
        trials=len(recipe.trials),
        search_metric=recipe.metric,
        provenance=version.provenance,
    )


def _metrics(spec: ModelSpec, evaluation: Evaluation) -> MetricsSection:
    improvement, task = spec.gate.improvement, spec.task
    return MetricsSection(
        measures=tuple(
            MetricRow(
                name=name,
                meaning=metric.meaning,
                value=evaluation.metrics[name],
                baseline=evaluation.baseline_metrics[name],
                headline=metric.headline,
            )
            for name, metric in task.all_metrics.items()
            if name in evaluation.metrics and name in evaluation.baseline_metrics
        ),
        loss=task.loss_name,
        baseline_name=task.baseline_name,
        constants_text=task.constants_text(evaluation.constants),
        skill_text=_skill_text(spec, evaluation),
        uncertainty=(
            f"Against a champion, the difference in {task.loss_name} is resampled by "
            f"{_resampled(spec)}; its lower bound at {improvement.confidence:.0%} confidence must "
            f"exceed {improvement.margin:g}."
        ),
    )


def _skill_text(spec: ModelSpec, evaluation: Evaluation) -> str:
    if evaluation.d2 is None:
        return ""
    sure = "" if evaluation.d2.lower is None else f", {evaluation.d2.confidence:.0%} interval"
    return (
        f"D2, the share of the {spec.task.loss_name} of a {spec.task.baseline_name} that knows the "
        f"outcomes of the test rows that is saved, is {evaluation.d2.text}{sure}."
    )


def _detail_tables(spec: ModelSpec, evaluation: Evaluation) -> tuple[DetailTable, ...]:
    tables = spec.task.tables(evaluation.details)
    if evaluation.class_chances:
        tables = (*tables, class_table(evaluation.class_chances))
    if evaluation.limited_figures:
        tables = (*tables, limited_table(evaluation.limited_figures))
    if evaluation.rivals:
        tables = (*tables, rival_table(spec.task, evaluation.rivals, evaluation.metrics))
    if evaluation.near_duplicates:
        table = near_duplicate_table(evaluation.near_duplicates, spec.task.baseline_name)
        tables = (*tables, table)
    return tables


def _unlabelled_text(spec: ModelSpec) -> str:
    rows = f"Rows whose {spec.label.column} is not known"
    if spec.task.judges_unlabelled:
        return f"{rows} are fitted on, and judge, as all others"
    if spec.task.fits_unlabelled:
        return f"{rows} are fitted on, and do not judge"
    return f"{rows} are left out"


def _evaluation_data(spec: ModelSpec, evaluation: Evaluation, *, taught: bool) -> EvaluationData:
    return EvaluationData(
        rows=evaluation.rows,
        first_day=evaluation.daily[0].day,
        last_day=evaluation.daily[-1].day,
        targets_text=spec.task.facts_text(evaluation.targets),
        motivation=(
            f"{_chosen(spec, evaluation)} They played no part in fitting, tuning or finishing the "
            "candidate. The released model is the same "
            f"{'version taught' if taught else 'recipe refitted on'} all rows, these included."
        ),
        preprocessing=(
            f"{_unlabelled_text(spec)}; everything else is part of the model's own pipeline."
        ),
        weights=evaluation.weights,
    )


def _caveats(spec: ModelSpec) -> str:
    declared = spec.card.caveats or "None were declared."
    if spec.features.has_event_time:
        return declared
    return f"{WITHOUT_EVENT_TIME} {spec.card.caveats}".rstrip()


def _resampled(spec: ModelSpec) -> str:
    """What of the test rows is drawn as a whole, how often, and why."""
    split, times = spec.training.history.split, spec.gate.improvement.resamples
    if not isinstance(split, ShareSplitSpec):
        return f"whole days ({times} times), because rows of one day are not independent"
    if split.group is None:
        return f"rows ({times} times), which count as independent of each other"
    return (
        f"whole groups of one {split.group} ({times} times), because rows of one group are not "
        "independent"
    )


def _chosen(spec: ModelSpec, evaluation: Evaluation) -> str:
    split = spec.training.history.split
    if not isinstance(split, ShareSplitSpec):
        return (
            f"The most recent {len(evaluation.daily)} days with known labels: the closest to what "
            "the model will meet."
        )
    kinds = {
        "random": "drawn by the hash of the entity",
        "stratified": f"drawn by the hash of the entity within each class of {spec.label.column}",
        "group": f"whole groups of one {split.group}, drawn by its hash",
    }
    return f"{split.test_share:.0%} of the rows with known labels, {kinds[split.by]}."
