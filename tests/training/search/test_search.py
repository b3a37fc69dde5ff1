import logging
from itertools import pairwise

import numpy as np
import optuna
import pandas as pd
import pytest

from mlops_platform.errors import TrainingError
from mlops_platform.tasks import DEFAULT_TASK
from mlops_platform.training.pipelines.pipeline import candidate_named
from mlops_platform.training.pipelines.space import defaults_of
from mlops_platform.training.search.folds import day_folds
from mlops_platform.training.search.scoring import FoldScorer
from mlops_platform.training.search.search import Recipe, search, startable


def test_the_same_seed_finds_the_same_recipe(spec, split, recipe):
    assert search(spec, split.train) == recipe


def test_another_seed_tries_other_parameters(declare, split, recipe):
    other = declare(lambda plain: plain["training"]["tuning"].update(seed=4))

    tried = [trial.params for trial in search(other, split.train).trials]

    assert tried != [trial.params for trial in recipe.trials]


def test_every_candidate_is_tried_with_its_defaults_first(recipe):
    assert recipe.trials[0].candidate == "linear"
    assert recipe.trials[0].params == {"estimator.C": 1.0}
    assert recipe.trials[1].candidate == "boosting"
    assert recipe.trials[1].params == {
        "estimator.max_leaf_nodes": 9,  # scikit-learn's 31 is out of range: the middle
        "estimator.max_features": 1.0,
    }


def warm(declare, trials: int):
    return declare(lambda plain: plain.update(retraining={"warm_start_trials": trials}))


def test_a_search_may_begin_with_the_parameters_of_an_earlier_one(declare, split, recipe):
    found = search(warm(declare, 3), split.train, start=recipe)

    tried = [(trial.candidate, trial.params) for trial in found.trials]
    defaults = [(trial.candidate, trial.params) for trial in recipe.trials[:2]]
    assert tried == [(recipe.candidate, recipe.params), *defaults]
    assert found.trials[0].score == recipe.score
    assert search(warm(declare, 3), split.train, start=recipe) == found


def test_one_trial_takes_the_parameters_as_they_were(declare, split, recipe):
    found = search(warm(declare, 1), split.train, start=recipe)
    assert (found.candidate, found.params) == (recipe.candidate, recipe.params)
    assert len(found.trials) == 1


def test_without_a_start_the_whole_budget_is_searched(declare, split, recipe):
    assert search(warm(declare, 1), split.train) == recipe


@pytest.mark.parametrize(
    "change",
    [{"candidate": "forest"}, {"params": {}}, {"params": {"estimator.C": 1e9}}],
)
def test_a_recipe_that_the_spec_could_not_find_is_no_start(spec, recipe, change):
    linear = recipe.model_copy(update={"candidate": "linear", "params": {"estimator.C": 1.0}})
    assert startable(spec, recipe)
    assert startable(spec, linear)
    assert not startable(spec, linear.model_copy(update=change))


def test_the_best_complete_trial_wins(recipe):
    complete = [trial for trial in recipe.trials if trial.state == "complete"]
    best = min(complete, key=lambda trial: trial.score)

    assert (recipe.candidate, recipe.params, recipe.score) == (
        best.candidate,
        best.params,
        best.score,
    )
    assert all(trial.score == pytest.approx(np.mean(trial.fold_scores)) for trial in complete)
    assert recipe.best_score_of(recipe.candidate) == recipe.score
    assert recipe.best_score_of("unknown") is None


def test_a_metric_that_must_be_high_is_maximised(declare, split):
    spec = declare(lambda plain: plain["training"]["tuning"].update(metric="roc_auc"))

    recipe = search(spec, split.train)

    assert recipe.score == max(t.score for t in recipe.trials if t.score is not None)
    assert recipe.score > 0.7
    assert recipe.greater_is_better
    assert recipe.best_score_of(recipe.candidate) == recipe.score


def test_without_a_tuning_metric_the_loss_of_the_task_is_tuned(declare, split, recipe):
    brier = declare(lambda plain: plain["task"].update(loss="brier_score"))

    tuned = search(brier, split.train)

    assert (recipe.metric, recipe.greater_is_better) == ("log_loss", False)
    assert (tuned.metric, tuned.greater_is_better) == ("brier_score", False)
    assert tuned.trials[0].score < recipe.trials[0].score


def test_each_trial_is_told_as_soon_as_it_is_done(spec, split, recipe):
    told = []

    search(spec, split.train, told.append)

    assert tuple(told) == recipe.trials
    assert [trial.number for trial in told] == list(range(5))


def test_a_recipe_survives_json(recipe):
    assert Recipe.model_validate_json(recipe.model_dump_json()) == recipe


def test_hopeless_trials_are_pruned_before_their_last_fold(declare, split):
    def edit(plain):
        plain["training"]["candidates"] = plain["training"]["candidates"][:1]
        plain["training"]["candidates"][0]["estimator"]["search"] = {
            "C": {"low": 1e-9, "high": 10, "log": True}
        }
        plain["training"]["tuning"]["trials"] = 12

    found = search(declare(edit), split.train)

    pruned = [trial for trial in found.trials if trial.state == "pruned"]
    assert pruned
    assert all(1 <= len(trial.fold_scores) < 3 and trial.score is None for trial in pruned)


def test_a_combination_that_the_estimator_refuses_does_not_stop_the_search(declare, split):
    spec = declare(
        lambda plain: plain["training"]["candidates"][0]["estimator"].update(
            search={"solver": ["newton-cholesky", "nonsense"]}
        )
    )

    found = search(spec, split.train)

    assert {trial.state for trial in found.trials} >= {"complete"}
    broken = [trial for trial in found.trials if trial.params.get("estimator.solver") == "nonsense"]
    assert all(trial.state == "failed" and "solver" in trial.error for trial in broken)


def test_if_every_trial_fails_the_first_reason_is_told(declare, split):
    def edit(plain):
        plain["training"]["candidates"] = plain["training"]["candidates"][:1]
        plain["training"]["candidates"][0]["estimator"]["search"] = {"solver": ["nonsense"]}

    with pytest.raises(TrainingError, match=r"Every trial failed.*solver"):
        search(declare(edit), split.train)


def test_candidates_without_a_search_space_are_tried_once_each(declare, split):
    def edit(plain):
        for candidate in plain["training"]["candidates"]:
            candidate["estimator"].pop("search")

    found = search(declare(edit), split.train)

    assert [trial.candidate for trial in found.trials] == ["linear", "boosting"]


def test_a_budget_below_the_number_of_candidates_still_tries_each(declare, split):
    found = search(declare(lambda plain: plain["training"]["tuning"].update(trials=1)), split.train)

    assert {trial.candidate for trial in found.trials} == {"linear", "boosting"}


def test_only_the_most_recent_rows_are_searched(declare, split):
    spec = declare(lambda plain: plain["training"]["tuning"].update(max_rows=600))
    poisoned = split.train.copy()
    old = poisoned.index[:-600]
    poisoned.loc[old, "is_late"] = ~poisoned.loc[old, "is_late"]

    assert search(spec, poisoned) == search(spec, split.train)


def test_too_few_rows_for_the_folds_name_what_keeps_the_others_out(declare, split):
    newest = declare(lambda plain: plain["training"]["tuning"].update(max_rows=100, folds=20))
    day = split.train["local_date"].iloc[-1]
    one_day = split.train.assign(local_date=[*split.train["local_date"][:-100], *[day] * 100])
    with pytest.raises(
        TrainingError,
        match=r"training\.tuning\.max_rows: 100 is not usable\. The search sees the newest 100 of "
        r"\d+ training rows only, and they give no folds\. Raise it\. .* 1 training days",
    ):
        search(newest, one_day)


def test_a_small_sample_names_what_makes_it_small(declare, split):
    sampled = declare(lambda plain: plain["training"].update(max_rows=100))
    with pytest.raises(
        TrainingError,
        match=r"training\.max_rows: 100 is not usable\. It leaves 100 rows to search on, and they "
        r"give no folds\. Raise it\. .* training days hold at most 2 folds",
    ):
        search(sampled, split.train.iloc[:100])


def test_optuna_is_silent_and_its_verbosity_comes_back(spec, split, caplog, capfd):
    optuna.logging.enable_propagation()
    optuna.logging.set_verbosity(optuna.logging.DEBUG)
    try:
        with caplog.at_level(logging.DEBUG):
            search(spec, split.train)
        assert optuna.logging.get_verbosity() == optuna.logging.DEBUG
    finally:
        optuna.logging.set_verbosity(optuna.logging.INFO)
        optuna.logging.disable_propagation()

    assert [record for record in caplog.records if record.name.startswith("optuna")] == []
    assert "optuna" not in capfd.readouterr().err.lower()


def test_kept_preprocessing_and_scores_change_no_number(spec, split):
    used, candidate = FoldScorer(spec, split.train), candidate_named(spec, "linear")
    for strength in (0.01, 5.0):
        list(used.scores(candidate, {"estimator.C": strength}))

    again = list(used.scores(candidate, {"estimator.C": 0.01}))

    assert again == list(FoldScorer(spec, split.train).scores(candidate, {"estimator.C": 0.01}))


@pytest.mark.filterwarnings("ignore:Bins whose width")
def test_searched_preprocessing_is_fitted_again(declare, split):
    spec = declare(
        lambda plain: plain["training"]["candidates"][0]["preprocessing"][0]["steps"][1].update(
            type="sklearn.preprocessing.KBinsDiscretizer", search={"n_bins": [2, 8]}
        )
    )
    candidate = candidate_named(spec, "linear")
    scorer = FoldScorer(spec, split.train)

    few, many = (
        list(scorer.scores(candidate, {**defaults_of(candidate), name: bins}))
        for name in ["preprocessing.0.steps.1.n_bins"]
        for bins in (2, 8)
    )

    assert few != many


@pytest.mark.parametrize(("days", "folds"), [(4, 3), (9, 2), (30, 3), (61, 5)])
def test_folds_are_whole_days_expand_and_never_look_ahead(days, folds):
    day = np.repeat(np.datetime64("2013-01-01") + np.arange(days), 6)
    labels = np.tile([0, 1], 3 * days)

    positions = day_folds(day, labels, folds, DEFAULT_TASK)

    assert len(positions) == folds
    for fit, held_out in positions:
        assert day[fit].max() < day[held_out].min()
        assert len(fit) % 6 == len(held_out) % 6 == 0
        assert len(np.unique(day[fit])) >= days // 2 - 1
    assert all(set(a[0]) < set(b[0]) for a, b in pairwise(positions))
    assert day[positions[-1][1]].max() == day.max()


def test_too_few_days_for_the_folds_are_refused():
    day = np.repeat(np.datetime64("2013-01-01") + np.arange(3), 2)

    with pytest.raises(TrainingError, match=r"training\.tuning\.folds: 3 .* at most 2 folds"):
        day_folds(day, np.tile([0, 1], 3), 3, DEFAULT_TASK)


def test_a_fold_of_one_class_is_refused():
    day = np.repeat(np.datetime64("2013-01-01") + np.arange(10), 2)
    labels = np.tile([0, 1], 10)
    labels[day >= np.datetime64("2013-01-10")] = 0

    with pytest.raises(
        TrainingError, match="Fold 2 has 2 rows, all with label False, and needs both classes"
    ):
        day_folds(day, labels, 3, DEFAULT_TASK)


def test_rows_of_the_future_do_not_change_an_earlier_fold(spec, split):
    candidate = candidate_named(spec, "linear")
    scorer = FoldScorer(spec, split.train)
    last = scorer.folds[-1][1]
    changed = split.train.reset_index(drop=True).copy()
    changed.loc[last, "is_late"] = ~changed.loc[last, "is_late"]
    changed.loc[last, "signal"] = 1e6

    before = list(scorer.scores(candidate, {}))
    after = list(FoldScorer(spec, pd.DataFrame(changed)).scores(candidate, {}))

    assert before[:-1] == after[:-1]
    assert before[-1] != after[-1]


@pytest.mark.parametrize(
    ("estimator", "params"),
    [
        ("sklearn.ensemble.HistGradientBoostingClassifier", {"max_iter": 5}),
        ("lightgbm.LGBMClassifier", {"n_estimators": 5, "verbose": -1}),
        ("xgboost.XGBClassifier", {"n_estimators": 5}),
    ],
)
def test_a_fold_without_a_middle_class_is_scored_by_any_estimator(
    estimator, params, declare, split
):
    pytest.importorskip(estimator.partition(".")[0])

    def edit(plain):
        plain["task"] = {"type": "multiclass_classification", "classes": ["sun", "fog", "rain"]}
        plain["label"]["column"] = "weather"
        (kept,) = plain["training"]["candidates"][1:]
        kept["estimator"] = {"type": estimator, "params": params}
        plain["training"]["candidates"] = [kept]

    spec, rows = declare(edit), split.train
    first_fit, first_scored = FoldScorer(declare(), rows).folds[0]
    weather = np.where(rows["is_late"], "rain", "sun").astype(object)
    weather[len(first_fit) :: 5] = "fog"
    labelled = rows.assign(weather=weather)
    assert set(weather[first_fit]) == {"sun", "rain"}
    assert set(weather[first_scored]) == {"sun", "fog", "rain"}

    (trial,) = search(spec, labelled).trials

    assert trial.state == "complete", trial.error
    never_given = np.mean(weather[first_scored] == "fog") * -np.log(1e-6)
    assert trial.fold_scores[0] > never_given > max(trial.fold_scores[1:])
