"""Search over the candidates and their spaces with expanding folds, pruning and a fixed seed."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any, Literal

from pydantic import Field

from mlops_platform.errors import TrainingError
from mlops_platform.record import Record, left_out_where_empty
from mlops_platform.spec import CandidateSpec, ModelSpec
from mlops_platform.training.pipelines.pipeline import candidate_named
from mlops_platform.training.pipelines.space import (
    Params,
    defaults_of,
    dimensions_of,
    encoded,
    holds,
    suggest,
)
from mlops_platform.training.pipelines.weighted import weightless_candidates
from mlops_platform.training.refusal import unusable
from mlops_platform.training.search.scoring import FoldScorer
from mlops_platform.training.whole_groups import newest_rows

if TYPE_CHECKING:
    import optuna
    from optuna.trial import TrialState
    from pandas import DataFrame


State = Literal["complete", "pruned", "failed"]


class Trial(Record):
    """One tried candidate with its parameters and the scores of the folds it got to."""

    number: int
    candidate: str
    params: dict[str, Any]
    state: State
    fold_scores: tuple[float, ...]
    score: float | None
    error: str | None = None


class Recipe(Record):
    """What won the search: fit this to get the candidate.

    Args:
        score: the metric's value.
        greater_is_better: of the metric.
        max_rows: most rows of the fit; all where None.
    """

    candidate: str
    params: dict[str, Any]
    metric: str
    greater_is_better: bool
    score: float
    trials: tuple[Trial, ...]
    max_rows: int | None = Field(default=None, exclude_if=left_out_where_empty)

    def best_score_of(self, candidate: str) -> float | None:
        """The best score that any trial of a candidate reached; None where none was completed."""
        scores = [t.score for t in self.trials if t.candidate == candidate and t.score is not None]
        if not scores:
            return None
        return max(scores) if self.greater_is_better else min(scores)


def search(
    spec: ModelSpec,
    rows: DataFrame,
    on_trial: Callable[[Trial], None] = lambda trial: None,
    start: Recipe | None = None,
) -> Recipe:
    """Find the best candidate and parameters on the training part of a split.

    Every candidate's defaults are tried first, even where the budget holds fewer trials; with a
    start, it comes before them, and the budget is kept. The same rows, seed and start give the same
    recipe.

    Args:
        spec: the model; its `training.tuning` is the budget, with a start
            `retraining.warm_start_trials`.
        rows: training part, ordered in time.
        on_trial: called after each trial, for logging and progress.
        start: recipe whose parameters are tried first, one of this spec's `startable`.

    Raises:
        TrainingError: folds cannot be cut, or every trial failed.
        SpecError: rows have weights, and a candidate cannot do with them.
    """
    for error in weightless_candidates(spec):
        raise error
    scorer = _scorer(spec, rows)
    trials = []
    with _quiet_optuna():
        study = _study(spec, start)
        for _ in range(budget(spec, warm=start is not None)):
            trial = _run(study, spec, scorer)
            trials.append(trial)
            on_trial(trial)
    return _best(spec, trials, rows)


def _scorer(spec: ModelSpec, rows: DataFrame) -> FoldScorer:
    """The folds of what is searched on.

    Raises:
        TrainingError: they cannot be cut; it names what keeps rows out, where something does.
    """
    newest, sampled = spec.training.tuning.max_rows, spec.training.max_rows
    try:
        return FoldScorer(spec, rows if newest is None else newest_rows(rows, spec, newest))
    except TrainingError as error:
        if newest is not None and newest < len(rows):
            field, most = "training.tuning.max_rows", newest
            left = f"The search sees the newest {newest} of {len(rows)} training rows only"
        elif sampled is not None and len(rows) <= sampled:
            field, most = "training.max_rows", sampled
            left = f"It leaves {len(rows)} rows to search on"
        else:
            raise
        raise unusable(field, most, f"{left}, and they give no folds. Raise it. {error}") from error


def startable(spec: ModelSpec, recipe: Recipe) -> bool:
    """Whether a search of this spec can begin with a recipe of an earlier one."""
    named = [
        candidate for candidate in spec.training.candidates if candidate.name == recipe.candidate
    ]
    return any(holds(candidate, recipe.params) for candidate in named)


def _study(spec: ModelSpec, start: Recipe | None) -> optuna.Study:
    import optuna

    tuning = spec.training.tuning
    candidates = spec.training.candidates
    # Optuna's default of ten random trials would be the whole of a small budget.
    random_trials = min(10, max(2 * len(candidates), tuning.trials // 3))
    study = optuna.create_study(
        direction="maximize" if _greater_is_better(spec) else "minimize",
        sampler=optuna.samplers.TPESampler(seed=tuning.seed, n_startup_trials=random_trials),
        pruner=optuna.pruners.MedianPruner(n_startup_trials=random_trials),
    )
    if start is not None:
        params = encoded(candidate_named(spec, start.candidate), start.params)
        study.enqueue_trial({"candidate": start.candidate, **params})
    for candidate in candidates:
        defaults = encoded(candidate, defaults_of(candidate))
        study.enqueue_trial({"candidate": candidate.name, **defaults})
    return study


def budget(spec: ModelSpec, *, warm: bool = False) -> int:
    """Trials of one search: as many as declared, one per candidate where nothing is searched."""
    if warm and spec.retraining.warm_start_trials is not None:
        return spec.retraining.warm_start_trials
    candidates = spec.training.candidates
    searched = any(dimensions_of(candidate) for candidate in candidates)
    return max(spec.training.tuning.trials, len(candidates)) if searched else len(candidates)


def _run(study: optuna.Study, spec: ModelSpec, scorer: FoldScorer) -> Trial:
    trial = study.ask()
    names = [candidate.name for candidate in spec.training.candidates]
    candidate = candidate_named(spec, trial.suggest_categorical("candidate", names))
    params = suggest(trial, candidate)
    state, scores, error = _score(trial, scorer, candidate, params)
    score = _mean(scores) if state == "complete" else None
    study.tell(trial, score, state=_optuna_state(state))
    return Trial(
        number=trial.number,
        candidate=candidate.name,
        params=params,
        state=state,
        fold_scores=tuple(scores),
        score=score,
        error=error,
    )


def _score(
    trial: optuna.Trial, scorer: FoldScorer, candidate: CandidateSpec, params: Params
) -> tuple[State, list[float], str | None]:
    """Score fold by fold until the last one, or until the trial is hopeless or refused."""
    scores: list[float] = []
    try:
        for score in scorer.scores(candidate, params):
            scores.append(score)
            trial.report(_mean(scores), step=len(scores))
            if len(scores) < len(scorer.folds) and trial.should_prune():
                return "pruned", scores, None
    except ValueError as refused:  # a combination of parameters that the estimator refuses
        return "failed", scores, str(refused)
    return "complete", scores, None


def _optuna_state(state: State) -> TrialState:
    from optuna.trial import TrialState

    states = {
        "complete": TrialState.COMPLETE,
        "pruned": TrialState.PRUNED,
        "failed": TrialState.FAIL,
    }
    return states[state]


def _best(spec: ModelSpec, trials: list[Trial], rows: DataFrame) -> Recipe:
    complete = [(trial.score, trial) for trial in trials if trial.score is not None]
    if not complete:
        raise unusable(
            "training.candidates",
            [candidate.name for candidate in spec.training.candidates],
            f"Every trial failed, the first one with: {trials[0].error}{_wordless(spec, rows)}",
        )
    choose = max if _greater_is_better(spec) else min
    score, best = choose(complete, key=lambda scored: scored[0])
    return Recipe(
        candidate=best.candidate,
        params=best.params,
        metric=spec.tuning_metric,
        greater_is_better=_greater_is_better(spec),
        score=score,
        trials=tuple(trials),
        max_rows=spec.training.max_rows,
    )


def _wordless(spec: ModelSpec, rows: DataFrame) -> str:
    """Texts of which there is nothing to be learnt, as sentences; empty where there are none."""
    names = [
        name
        for name in spec.features.text
        if not rows[name].dropna().astype(str).str.contains(r"\w\w").any()
    ]
    if not names:
        return ""
    return (
        f". No text of {names} has a word of two letters in the {len(rows)} training rows: publish "
        "texts, or leave out what has none."
    )


def _greater_is_better(spec: ModelSpec) -> bool:
    return spec.task.all_metrics[spec.tuning_metric].greater_is_better is True


def _mean(scores: list[float]) -> float:
    return sum(scores) / len(scores)


@contextmanager
def _quiet_optuna() -> Iterator[None]:
    """Silence Optuna's own log for the duration: `on_trial` tells the same."""
    import optuna

    before = optuna.logging.get_verbosity()
    optuna.logging.set_verbosity(optuna.logging.WARNING)
    try:
        yield
    finally:
        optuna.logging.set_verbosity(before)
