"""Weights of rows on their way through a training."""

import numpy as np
import pandas as pd
import pytest

from mlops_platform.errors import SpecError
from mlops_platform.spec import ImprovementSpec
from mlops_platform.training.check import check_candidates
from mlops_platform.training.explaining.importance import permutation_importances
from mlops_platform.training.fitting import fit_candidate, refit
from mlops_platform.training.judging.comparison import PairedLosses, compare_losses
from mlops_platform.training.judging.evaluation import daily_sums, evaluate
from mlops_platform.training.rows import task_rows, weights_of
from mlops_platform.training.search.scoring import FoldScorer
from mlops_platform.training.search.search import search
from mlops_platform.training.split import describe, split_by_time

UNTIMED = {"row_cpu_milliseconds"}


def weighted(plain):
    plain["features"]["weight"] = "exposure"
    plain["training"]["candidates"] = plain["training"]["candidates"][:1]
    plain["training"]["tuning"]["trials"] = 2


@pytest.fixture(scope="module")
def spec(declare):
    return declare(weighted)


@pytest.fixture(scope="module")
def unweighted(declare):
    return declare(lambda plain: (weighted(plain), plain["features"].pop("weight")))


@pytest.fixture(scope="module")
def exposed(make_rows):
    """Late rows count for much."""
    rows = make_rows()
    random = np.random.default_rng(1)
    return rows.assign(exposure=random.uniform(0.5, 2, len(rows)) * np.where(rows.is_late, 5, 1))


def evaluated(spec, rows):
    """Everything of a training that follows from its rows alone."""
    split = split_by_time(rows, spec)
    recipe = search(spec, split.train)
    judged = fit_candidate(spec, recipe, split)
    released = refit(spec, recipe, judged, split)
    evaluation = evaluate(spec, judged, split, artifact_bytes=1)
    return {
        "recipe": recipe.model_dump(),
        "released": {**released.constants, **released.baseline},
        "evaluation": evaluation.model_dump(exclude={*UNTIMED, "weights"}),
        "parts": [part.model_dump() for part in describe(split, spec)],
    }


def test_weights_of_ones_change_no_bit_of_a_training(spec, unweighted, exposed):
    ones = exposed.assign(exposure=3.0)

    assert evaluated(spec, ones) == evaluated(unweighted, exposed)


def test_the_unit_of_weights_changes_no_figure_of_a_training(spec, exposed):
    ours = evaluated(spec, exposed)
    theirs = evaluated(spec, exposed.assign(exposure=1000 * exposed.exposure))

    assert flat(ours) == pytest.approx(flat(theirs), rel=1e-6, abs=1e-9)


def flat(value):
    """Numbers of a nested value, in their order."""
    if isinstance(value, dict):
        return [number for part in value.values() for number in flat(part)]
    if isinstance(value, list | tuple):
        return [number for part in value for number in flat(part)]
    return [value] if isinstance(value, int | float) else []


def test_every_judgement_counts_rows_by_their_weights(spec, unweighted, exposed):
    split = split_by_time(exposed, spec)
    candidate = fit_candidate(spec, search(spec, split.train), split)
    ours = evaluate(spec, candidate, split, artifact_bytes=1)
    plain = evaluate(unweighted, candidate, split, artifact_bytes=1)

    share = np.average(split.test.is_late, weights=split.test.exposure)
    assert ours.targets["positive_rate"] == pytest.approx(share)
    assert candidate.baseline["base_rate"] == pytest.approx(
        np.average(split.train.is_late, weights=split.train.exposure)
    )
    # Most of the weight is on late rows, and probabilities mean what they say by weight.
    assert ours.metrics["expected_calibration_error"] < 0.1
    assert plain.metrics["expected_calibration_error"] > 0.2
    assert ours.events == plain.events
    sums = [(day.loss_sum, day.weight_sum) for day in ours.daily]
    assert np.sum(sums, axis=0)[0] / np.sum(sums, axis=0)[1] == pytest.approx(ours.loss)
    assert all(day.weight_sum is None for day in plain.daily)
    assert ours.weights.column == "exposure"
    assert 0 < ours.weights.effective_rows < ours.rows
    by_name = {group.value: group for group in ours.subgroups}
    north = split.test[split.test.region == "north"]
    assert by_name["north"].targets["positive_rate"] == pytest.approx(
        np.average(north.is_late, weights=north.exposure)
    )
    features, _, weights, _ = task_rows(split.test, spec)
    said = spec.task.predict(candidate.model, candidate.constants, features, weights)
    importances = permutation_importances(spec, candidate, split.test, said, split.train)
    plain = said.weighted(None)
    assert importances != permutation_importances(spec, candidate, split.test, plain, split.train)
    assert importances.features[0].feature == "signal"


def test_folds_of_the_search_are_scored_by_weight(spec, exposed):
    """Were they not, weights would change nothing of how an unweighted constant scores."""
    rows = split_by_time(exposed, spec).train
    candidate = spec.training.candidates[0]
    [last] = list(FoldScorer(spec, rows).scores(candidate, {}))[-1:]
    scorer = FoldScorer(spec, rows)
    _, held_out = scorer.folds[-1]

    fold = scorer._preprocess(candidate, {}, len(scorer.folds) - 1, pipeline_of(spec, candidate))

    assert fold.scored_on.weights.mean() == pytest.approx(1)
    np.testing.assert_allclose(
        fold.scored_on.weights, weights_of(rows.iloc[held_out], spec), rtol=1e-12
    )
    assert last > 0


def pipeline_of(spec, candidate):
    from mlops_platform.training.pipelines.pipeline import build_pipeline

    return build_pipeline(spec, candidate, {})


def nearest(plain):
    weighted(plain)
    plain["training"]["candidates"][0]["estimator"] = {
        "type": "sklearn.neighbors.KNeighborsClassifier"
    }


def test_an_estimator_that_takes_no_weights_is_refused_before_anything_is_fitted(declare, exposed):
    spec = declare(nearest)

    [error] = check_candidates(spec)
    with pytest.raises(SpecError) as refused:
        search(spec, exposed)

    for told in (error, refused.value):
        assert told.field == "training.candidates.0.estimator.type"
        assert "its `fit` takes no `sample_weight`" in told.fix
    assert check_candidates(declare(lambda plain: (nearest(plain), unweigh(plain)))) == []


def unweigh(plain):
    del plain["features"]["weight"]


def test_candidates_are_tried_with_weights(spec):
    assert check_candidates(spec) == []


def test_a_comparison_resamples_weighted_sums_of_units():
    random = np.random.default_rng(0)
    champion, candidate = random.random((2, 400))
    days, weights = np.repeat(np.arange(20), 20), random.integers(1, 5, 400).astype(float)
    asked = ImprovementSpec(resamples=200)

    def compared(losses):
        return compare_losses(asked, losses, metric="loss", seed=1).model_dump()

    ours = compared(PairedLosses(champion, candidate, days, weights))
    times = weights.astype(int)
    repeated = (np.repeat(part, times) for part in (champion, candidate, days))
    theirs = compared(PairedLosses(*repeated))
    assert ours | {"rows": 0} == pytest.approx(theirs | {"rows": 0})
    assert ours == pytest.approx(compared(PairedLosses(champion, candidate, days, 9 * weights)))
    ones = np.ones(400)
    assert compared(PairedLosses(champion, candidate, days, ones)) == (
        compared(PairedLosses(champion, candidate, days))
    )


def test_daily_sums_of_whole_weights_are_those_of_repeated_rows():
    random = np.random.default_rng(0)
    days = np.repeat(np.array(["2024-01-01", "2024-01-02"], dtype="datetime64[D]"), 5)
    losses, weights = random.random(10), random.integers(1, 5, 10).astype(float)
    times = weights.astype(int)

    ours = daily_sums(days, losses, weights)
    theirs = daily_sums(np.repeat(days, times), np.repeat(losses, times))

    assert [day.loss_sum for day in ours] == pytest.approx([day.loss_sum for day in theirs])
    assert [day.weight_sum for day in ours] == [day.rows for day in theirs]


@pytest.mark.parametrize(
    ("weight", "sentence"),
    [
        ("signal", "named elsewhere too: publish a copy of it under another name"),
        ("region", "named elsewhere too"),
        ("entity_id", "named elsewhere too"),
    ],
)
def test_a_weight_has_no_other_role(declare, weight, sentence):
    with pytest.raises(ValueError, match=sentence):
        declare(lambda plain: plain["features"].update(weight=weight))


@pytest.mark.parametrize(
    ("column", "edit"),
    [
        ("is_late", {"weight": "is_late"}),
        ("score", {"weight": "score"}),
        ("sample_weight", {"weight": "exposure", "entity": "sample_weight"}),
    ],
)
def test_names_that_a_weight_cannot_have_are_refused(declare, column, edit):
    from mlops_platform.spec import inconsistencies

    spec = declare(lambda plain: plain["features"].update(edit))

    assert column in [error.value for error in inconsistencies(spec)]


def test_a_regression_with_text_and_weights_is_trained_and_judged(declare):
    """Words decide the outcome; the text goes through its own vectorizer in any task."""
    spec = declare(of_texts)
    split = split_by_time(texts_with_minutes(), spec)
    assert check_candidates(spec) == []

    recipe = search(spec, split.train)
    judged = fit_candidate(spec, recipe, split)
    released = refit(spec, recipe, judged, split)

    evaluation = evaluate(spec, judged, split, artifact_bytes=1)
    assert evaluation.metrics["d2"] > 0.5
    assert evaluation.importances[0].feature == "report"
    assert 0.75 < evaluation.metrics["coverage"] <= 1
    numbers = spec.task.numbers(released.model, split.test[["signal", "report"]])
    assert np.isfinite(numbers).all()


def of_texts(plain):
    plain["features"] |= {"numeric": ["signal"], "categorical": [], "text": ["report"]}
    plain["features"] |= {"sensitive": [], "weight": "exposure"}
    plain["task"] = {"type": "regression"}
    plain["label"] |= {"column": "minutes"}
    plain["evaluation"] = {"subgroups": [], "permutation_rows": 200}
    words = [
        {"type": "sklearn.feature_extraction.text.TfidfVectorizer", "params": {"min_df": 2}},
        {"type": "sklearn.decomposition.TruncatedSVD", "params": {"n_components": 6}},
    ]
    plain["training"]["candidates"] = [
        {
            "name": "boosting",
            "preprocessing": [{"columns": "numeric"}, {"columns": "text", "steps": words}],
            "estimator": {
                "type": "sklearn.ensemble.HistGradientBoostingRegressor",
                "params": {"max_iter": 30},
            },
        }
    ]
    plain["training"]["tuning"] = {"trials": 1, "folds": 2}


def texts_with_minutes(days=30, rows_per_day=40):
    random = np.random.default_rng(0)
    count = days * rows_per_day
    storms = random.integers(0, 2, count)
    words = np.where(storms == 1, "heavy storm over the sea", "a calm and clear day")
    day = np.repeat(np.arange(days), rows_per_day)
    moments = pd.Timestamp("2013-01-01", tz="UTC") + pd.to_timedelta(day * 24, unit="h")
    return pd.DataFrame(
        {
            "entity_id": [f"e{at}" for at in range(count)],
            "event_time": moments.astype("datetime64[us, UTC]"),
            "local_date": moments.date,
            "known_at": moments.astype("datetime64[us, UTC]"),
            "signal": random.normal(size=count),
            "report": np.where(random.random(count) < 0.02, None, words),
            "minutes": 30.0 * storms + random.normal(0, 3, count),
            "exposure": random.uniform(0.5, 2, count),
        }
    )
