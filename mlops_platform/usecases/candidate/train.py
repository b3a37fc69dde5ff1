"""From a training set to one candidate that nobody has judged yet."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING

from pydantic import Field

from mlops_platform.artifacts.model_store import load_model, save_model
from mlops_platform.data.training_set import TrainingSet
from mlops_platform.fairness.audit import AuditedColumn
from mlops_platform.files import new_directory
from mlops_platform.formats.home_path import HomePath
from mlops_platform.record import Record, left_out_where_empty
from mlops_platform.spec import ModelSpec
from mlops_platform.training.search.search import Recipe, Trial, budget
from mlops_platform.usecases.candidate.audit import audit_training_set
from mlops_platform.usecases.candidate.going_on import gone_on, log_gone_on, with_constants
from mlops_platform.usecases.candidate.training_record import log_training_record, training_record
from mlops_platform.usecases.candidate.training_rows import split_rows
from mlops_platform.usecases.candidate.update import UPDATE_TAG, Update, UpdateStart
from mlops_platform.usecases.candidate.warm_start import WarmStart, log_recipe
from mlops_platform.usecases.deployment import Deployment

if TYPE_CHECKING:
    from pandas import DataFrame

    from mlops_platform.registry.training_run import TrainingRun
    from mlops_platform.tasks import Finished
    from mlops_platform.training.split import Split

Report = Callable[[str], None]
ROUND_TRIP_ROWS = 2000
MLFLOW_STATUS = {"complete": "FINISHED", "pruned": "KILLED", "failed": "FAILED"}


class TrainedCandidate(Record):
    """A finished candidate on disk.

    Args:
        run_id: the MLflow run that everything about this training is logged to.
        constants, baseline: as `tasks.Finished` has them.
        directory: what `artifacts.save_model` wrote, and `digests` what it returned.
        round_trip: the model as stored predicts exactly what it predicted in memory.
        cpu_seconds: of search and fit.
        audit: of its training set, by the columns of which the YAML compares groups.
        update: version that it went on from; None where it was fitted anew.
        anew: why it was fitted anew although updates are declared.
    """

    run_id: str
    training_set: TrainingSet
    recipe: Recipe
    constants: dict[str, float]
    baseline: dict[str, float]
    directory: HomePath
    digests: dict[str, str]
    round_trip: bool
    cpu_seconds: float
    audit: tuple[AuditedColumn, ...] = Field(default=(), exclude_if=left_out_where_empty)
    update: Update | None = Field(default=None, exclude_if=left_out_where_empty)
    anew: str | None = Field(default=None, exclude_if=left_out_where_empty)

    @property
    def made_text(self) -> str | None:
        """Whether it went on from a version or was fitted anew, as a clause; None if undeclared."""
        return self.anew if self.update is None else self.update.text


def train_candidate(
    deployment: Deployment,
    spec: ModelSpec,
    training_set: TrainingSet,
    tags: Mapping[str, str],
    report: Report = lambda line: None,
    start: WarmStart | UpdateStart | None = None,
) -> TrainedCandidate:
    """Search and fit, or teach a version what is new, and finish; all of it logged to one run.

    Args:
        start: where the search begins, at its own beginning where None; or the version that is
            taught, which needs no search.
        tags: what the run is to be found by, such as git commit and Dagster run.
        report: told one line per trial.

    Raises:
        SpecError: a class of the YAML cannot do what it is named for.
    """
    from mlops_platform.training.check import check_parts
    from mlops_platform.training.fitting import fit_candidate
    from mlops_platform.training.judging.timing import cpu_seconds

    for error in check_parts(spec):
        raise error
    split = split_rows(spec, training_set)
    audit = audit_training_set(spec, training_set)
    name = f"{spec.name}-{training_set.hash[:12]}"
    with deployment.registry.training_run(spec.name, name, dict(tags)) as run:
        _log_training_set(run, spec, training_set, split)
        log_training_record(run, training_record(spec))
        if audit:
            run.log_dict("audit.json", {of.column: of.model_dump(mode="json") for of in audit})
        before = cpu_seconds()
        if isinstance(start, UpdateStart):
            recipe, base, update = start.recipe, start.base, start.update
            run.set_tags({UPDATE_TAG: update.to_stored(indent=None)})
            score = {}
        else:
            recipe, base, update = _searched(run, spec, split, report, start), None, None
            score = {f"search_{recipe.metric}": recipe.score}
        candidate = fit_candidate(spec, recipe, split, base)
        changed = gone_on(deployment, spec, candidate, split.validation)
        candidate = with_constants(candidate, changed)
        spent = cpu_seconds() - before
        sampled = {} if recipe.max_rows is None else {"max_rows": recipe.max_rows}
        run.log_params({"candidate": recipe.candidate, **sampled, **recipe.params})
        log_recipe(run, recipe, start if isinstance(start, WarmStart) else None)
        log_gone_on(run, changed)
        run.log_metrics({**score, **candidate.constants, "cpu_seconds": spent})
        directory = deployment.settings.model_home(spec.name) / "candidates" / run.run_id
        with new_directory(directory) as temporary:
            stored = save_model(candidate.model, temporary, spec.training.trusted_types)
    return TrainedCandidate(
        run_id=run.run_id,
        training_set=training_set,
        recipe=recipe,
        constants=dict(candidate.constants),
        baseline=dict(candidate.baseline),
        directory=directory,
        digests=dict(stored),
        round_trip=_survives_storage(spec, candidate, directory, stored, split.validation),
        cpu_seconds=spent,
        audit=audit,
        update=update,
    )


def _searched(
    run: TrainingRun, spec: ModelSpec, split: Split, report: Report, start: WarmStart | None
) -> Recipe:
    from mlops_platform.training.search.search import search

    logger = _trial_logger(run, spec, report, warm=start is not None)
    return search(spec, split.train, logger, start.recipe if start else None)


def _survives_storage(
    spec: ModelSpec,
    candidate: Finished,
    directory: Path,
    digests: Mapping[str, str],
    rows: DataFrame,
) -> bool:
    import numpy as np

    from mlops_platform.training.rows import features_of

    features = features_of(rows.head(ROUND_TRIP_ROWS), spec)
    stored = load_model(directory, digests)
    numbers = spec.task.numbers
    return np.array_equal(numbers(stored, features), numbers(candidate.model, features))


def _log_training_set(
    run: TrainingRun, spec: ModelSpec, training_set: TrainingSet, split: Split
) -> None:
    from mlops_platform.training.split import describe

    run.log_dataset(
        name=f"{spec.name}_training_set",
        digest=training_set.hash,
        source=training_set.path,
        columns={column.name: column.type for column in training_set.columns},
        profile={"rows": training_set.rows, **training_set.targets},
    )
    parts = {part.name: part.model_dump(mode="json") for part in describe(split, spec)}
    run.log_dict("split.json", parts)


def _trial_logger(
    run: TrainingRun, spec: ModelSpec, report: Report, *, warm: bool
) -> Callable[[Trial], None]:
    total = budget(spec, warm=warm)
    metric = spec.tuning_metric

    def log(trial: Trial) -> None:
        run.child_run(
            f"trial-{trial.number}-{trial.candidate}",
            {"candidate": trial.candidate, **trial.params},
            {} if trial.score is None else {metric: trial.score},
            status=MLFLOW_STATUS[trial.state],
        )
        shown = trial.state if trial.score is None else f"{metric} {trial.score:.4f}"
        report(f"trial {trial.number + 1} of {total}: {trial.candidate}, {shown}")

    return log
