"""training_set and candidate: from what was known at a moment to one unjudged candidate."""

from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any

import dagster as dg

from mlops_platform.clock import aware_moment
from mlops_platform.components.model_lifecycle.asset_arguments import asset_arguments, upstream
from mlops_platform.components.model_lifecycle.fairness_tables import audit_tables
from mlops_platform.components.model_lifecycle.presentation import (
    browsable,
    mlflow_run,
    place,
    table,
)
from mlops_platform.components.model_lifecycle.run_facts import provenance_of
from mlops_platform.components.waiting import waits_for_locks
from mlops_platform.components.window_records import recorded_signals
from mlops_platform.data.features.builds import builds_of
from mlops_platform.data.features.dbt import DbtProjectFolder
from mlops_platform.data.features.origin import origin_of_published
from mlops_platform.data.lineage.kept import kept_lineage
from mlops_platform.data.training_set import TrainingSet, snapshot_training_set
from mlops_platform.errors import TrainingError
from mlops_platform.formats.digits import rounded_inside
from mlops_platform.monitoring.policy.history_choice import choose_history
from mlops_platform.settings import DBT_PROJECT, Settings
from mlops_platform.spec import ModelSpec
from mlops_platform.usecases.candidate.train import TrainedCandidate, train_candidate
from mlops_platform.usecases.candidate.update import Anew, UpdateStart, declared_update
from mlops_platform.usecases.candidate.warm_start import warm_start
from mlops_platform.usecases.deployment import Deployment, open_deployment
from mlops_platform.usecases.reporting.lineage import features_made_from
from mlops_platform.usecases.retraining.recommended_history import recommended_history


class TrainingSetConfig(dg.Config):
    """Run configuration of a training."""

    as_of: str | None = None
    """Moment whose knowledge the training set holds, ISO 8601 with offset; now where null."""


class CandidateConfig(dg.Config):
    """Run configuration of a candidate."""

    refit: bool = False
    """Search and fit anew where the YAML would have the champion updated."""


def training_set_asset(spec: ModelSpec, tables: Sequence[dg.AssetKey]) -> dg.AssetsDefinition:
    """The immutable snapshot that a training reads."""

    @dg.asset(
        **asset_arguments(
            spec,
            "training_set",
            f"Features joined with the labels of {spec.name} that were known at the as-of moment, "
            "named by the hash of schema and rows.",
            "parquet",
        ),
        deps=list(tables),
    )
    @waits_for_locks
    def training_set(config: TrainingSetConfig) -> dg.MaterializeResult[TrainingSet]:
        deployment = open_deployment()
        settings, moment = deployment.settings, as_of_moment(deployment, spec.name, config.as_of)
        history = choose_history(
            spec.training.history,
            moment,
            recorded_signals(spec),
            recommended_history(settings.records, spec.name),
            spec.window.timezone,
        )
        table = spec.features.table
        builds = builds_of(settings.landing, settings.published, table)
        origin = origin_of_published(settings.lake, builds, datetime.now(UTC))
        snapshot = snapshot_training_set(
            spec, settings.published, settings.training_sets, moment, history, origin
        )
        return dg.MaterializeResult(
            value=snapshot,
            data_version=dg.DataVersion(snapshot.hash),
            metadata=browsable(
                {
                    "dagster/row_count": snapshot.rows,
                    **snapshot.targets,
                    "first_day": str(snapshot.first_local_date),
                    "last_day": str(snapshot.last_local_date),
                    "as_of": snapshot.as_of.isoformat(),
                    "history": snapshot.history,
                    **_features(settings, spec),
                    "hash": snapshot.hash,
                    "path": place(snapshot.path),
                }
            ),
        )

    return training_set


def _features(settings: Settings, spec: ModelSpec) -> dict[str, dg.TableMetadataValue]:
    """What each feature is made from, as the last build has told; nothing where it is unknown."""
    project = DbtProjectFolder(DBT_PROJECT, settings.warehouse, settings.lake, settings.dbt_target)
    lineage = kept_lineage(project)
    if lineage is None:
        return {}
    made_from = features_made_from(lineage, spec)
    return {
        "features": table(
            [
                {"feature": feature, "made_from": ", ".join(origins) or None}
                for feature, origins in made_from.items()
            ]
        )
    }


def candidate_asset(spec: ModelSpec) -> dg.AssetsDefinition:
    """A fitted, calibrated pipeline that has not been judged."""

    @dg.asset(
        **asset_arguments(
            spec,
            "candidate",
            "The best of the declared candidates: searched with time-series folds, fitted on the "
            "training days, and finished on the validation days; or the champion, taught what is "
            "new.",
            "scikitlearn",
            "mlflow",
        ),
        ins={"training_set": upstream(spec, "training_set")},
    )
    @waits_for_locks
    def candidate(
        context: dg.AssetExecutionContext, config: CandidateConfig, training_set: TrainingSet
    ) -> dg.MaterializeResult[TrainedCandidate]:
        deployment = open_deployment()
        update = declared_update(deployment, spec, training_set, refit=config.refit)
        trained = train_candidate(
            deployment,
            spec,
            training_set,
            provenance_of(context),
            context.log.info,
            update if isinstance(update, UpdateStart) else warm_start(deployment, spec),
        )
        if isinstance(update, Anew):
            trained = trained.model_copy(update={"anew": update.text})
        return dg.MaterializeResult(
            value=trained,
            metadata=browsable(
                {
                    **_headline(trained),
                    **({} if trained.update else {"trials": _trials(trained)}),
                    **audit_tables(trained.audit),
                    "parameters": dg.MetadataValue.json(trained.recipe.params),
                    "mlflow_run": mlflow_run(deployment, trained.run_id),
                }
            ),
        )

    return candidate


def as_of_moment(deployment: Deployment, model: str, text: str | None) -> datetime:
    """An aware moment from run configuration, the model's present where it names none.

    Raises:
        TrainingError: it is no ISO 8601 moment with an offset.
    """
    if text is None:
        return deployment.moment_of(model)
    moment = aware_moment(text)
    if moment is None:
        raise TrainingError(
            f"as_of: {text!r} is no moment with an offset; write for example "
            "'2013-04-01T00:00:00-04:00', or leave it out for now"
        )
    return moment


def _headline(trained: TrainedCandidate) -> dict[str, Any]:
    made = trained.made_text
    return {
        **({} if made is None else {"made": made}),
        "winner": trained.recipe.candidate,
        **({} if trained.update else {f"search_{trained.recipe.metric}": trained.recipe.score}),
        **trained.constants,
        "cpu_seconds": trained.cpu_seconds,
    }


def _trials(trained: TrainedCandidate) -> dg.TableMetadataValue:
    """In their order; a trial without a score says what became of it."""
    return table(
        [
            {
                "trial": f"{trial.number} {trial.candidate}",
                trained.recipe.metric: trial.state if trial.score is None else trial.score,
                "parameters": ", ".join(
                    f"{name}={rounded_inside(value)}" for name, value in trial.params.items()
                ),
            }
            for trial in trained.recipe.trials
        ]
    )
