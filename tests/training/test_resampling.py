"""Resampling by class of what a candidate is fitted on, and of nothing that judges it."""

from collections import Counter

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st
from sklearn.base import BaseEstimator, ClassifierMixin
from sklearn.linear_model import LogisticRegression

from mlops_platform.spec import ResamplingSpec, inconsistencies
from mlops_platform.training.fitting import fit_candidate, refit
from mlops_platform.training.judging.evaluation import evaluate
from mlops_platform.training.resampling import resampled_positions, resampling_facts
from mlops_platform.training.search.search import search
from mlops_platform.training.split import split_by_time

RATIOS = st.sampled_from([0.1, 0.25, 0.5, 0.9, 1.0])
SEEN: list[pd.DataFrame] = []


class Witness(ClassifierMixin, BaseEstimator):
    """A classifier that notes the rows on which it is fitted and those that it is asked about."""

    def fit(self, features, targets, sample_weight=None):
        SEEN.append(("fit", np.asarray(features)[:, 0], targets))
        self.model_ = LogisticRegression().fit(features, targets, sample_weight=sample_weight)
        self.classes_ = self.model_.classes_
        return self

    def predict_proba(self, features):
        SEEN.append(("predict", np.asarray(features)[:, 0], None))
        return self.model_.predict_proba(features)

    def predict(self, features):
        return self.model_.predict(features)


def rare(plain, method="oversample", ratio=1.0):
    plain["features"] |= {"numeric": ["number", "noise"], "categorical": []}
    plain["training"]["candidates"] = [
        {
            "name": "witness",
            "preprocessing": [{"columns": "numeric"}],
            "estimator": {"type": "tests.training.test_resampling.Witness"},
            "resampling": {"method": method, "ratio": ratio},
        }
    ]
    plain["evaluation"] = {"subgroups": [], "permutation_rows": 100}


def numbered(make_rows):
    """Every row with a number of its own; one in twelve is late."""
    rows = make_rows()
    late = np.random.default_rng(0).random(len(rows)) < 1 / 12
    return rows.assign(number=np.arange(len(rows)) / len(rows), is_late=late)


@pytest.mark.parametrize("method", ["oversample", "undersample"])
def test_no_judged_row_is_ever_a_resampled_one(declare, make_rows, method):
    spec = declare(lambda plain: rare(plain, method))
    rows = numbered(make_rows)
    split = split_by_time(rows, spec)
    SEEN.clear()
    recipe = search(spec, split.train)
    folds = list(SEEN)
    SEEN.clear()
    judged = fit_candidate(spec, recipe, split)
    fit_and_calibration = list(SEEN)
    SEEN.clear()
    evaluate(spec, judged, split, artifact_bytes=1)
    judging = list(SEEN)

    for fit, held_out in zip(folds[::2], folds[1::2], strict=True):
        fitted_on, targets = Counter(fit[1]), fit[2]
        assert targets.mean() == pytest.approx(0.5, abs=0.01)
        assert (max(fitted_on.values()) > 1) == (method == "oversample")
        # What is scored is every row of the fold once, and none that was fitted on.
        assert max(Counter(held_out[1]).values()) == 1
        assert not fitted_on.keys() & set(held_out[1])
    (_, fitted_on, targets), *asked = fit_and_calibration
    assert set(fitted_on) <= set(split.train.number)
    assert targets.mean() == pytest.approx(0.5, abs=0.01)
    assert {number for _, numbers, _ in asked for number in numbers} == set(split.validation.number)
    assert all(max(Counter(numbers).values()) == 1 for _, numbers, _ in asked)
    for _, numbers, _ in judging[:1]:
        assert sorted(numbers) == sorted(split.test.number)
    assert all(set(numbers) <= set(split.test.number) for _, numbers, _ in judging)


def test_the_baseline_and_the_probabilities_are_those_of_the_rows_as_they_are(declare, make_rows):
    spec = declare(lambda plain: rare(plain, "undersample"))
    split = split_by_time(numbered(make_rows), spec)
    recipe = search(spec, split.train)
    judged = fit_candidate(spec, recipe, split)
    released = refit(spec, recipe, judged, split)

    assert judged.baseline["base_rate"] == pytest.approx(split.train.is_late.mean())
    assert released.baseline["base_rate"] == pytest.approx(split.everything.is_late.mean())
    evaluation = evaluate(spec, judged, split, artifact_bytes=1)
    said = spec.task.predict(judged.model, judged.constants, split.test[["number", "noise"]])
    assert said["score"].mean() == pytest.approx(split.validation.is_late.mean(), abs=0.02)
    assert evaluation.metrics["expected_calibration_error"] < 0.1


def test_what_became_of_the_rows_is_told(declare, make_rows):
    spec = declare(lambda plain: rare(plain, "undersample", 0.5))
    split = split_by_time(numbered(make_rows), spec)

    facts = resampling_facts(spec, spec.training.candidates[0], split.train)

    late = int(split.train.is_late.sum())
    assert (facts.rows, facts.resampled_rows) == (len(split.train), 3 * late)
    assert facts.method == "undersample to a ratio of 0.5"
    assert facts.targets["positive_rate"] == pytest.approx(split.train.is_late.mean())
    assert facts.resampled_targets["positive_rate"] == pytest.approx(1 / 3)


def test_rows_take_their_weights_with_them(declare, make_rows):
    def edit(plain):
        rare(plain, "oversample")
        plain["features"]["weight"] = "exposure"

    spec = declare(edit)
    rows = numbered(make_rows)
    rows = rows.assign(exposure=np.random.default_rng(3).uniform(0.5, 2, len(rows)))
    split = split_by_time(rows, spec)

    candidate = fit_candidate(spec, search(spec, split.train), split)

    assert candidate.baseline["base_rate"] == pytest.approx(
        np.average(split.train.is_late, weights=split.train.exposure)
    )


@given(
    targets=st.lists(st.sampled_from(["a", "b", "c"]), min_size=1, max_size=60).map(np.array),
    method=st.sampled_from(["undersample", "oversample"]),
    ratio=RATIOS,
    seed=st.integers(0, 99),
)
def test_no_class_is_rarer_than_the_ratio_and_none_is_lost(targets, method, ratio, seed):
    resampling = ResamplingSpec(method=method, ratio=ratio)

    positions = resampled_positions(targets, resampling, seed)

    before, after = Counter(targets.tolist()), Counter(targets[positions].tolist())
    assert after.keys() == before.keys()
    assert min(after.values()) >= ratio * max(after.values()) - 1e-9
    assert (np.diff(positions) >= 0).all()
    times = Counter(positions.tolist())
    if method == "undersample":
        assert max(times.values()) == 1
        assert min(after.values()) == min(before.values())
    else:
        assert times.keys() == set(range(len(targets)))
        assert max(after.values()) == max(before.values())
    assert np.array_equal(positions, resampled_positions(targets, resampling, seed))


def test_resampling_without_classes_is_refused(declare):
    def edit(plain):
        rare(plain)
        plain["task"] = {"type": "regression"}

    errors = {error.field: error.fix for error in inconsistencies(declare(edit))}

    assert errors["training.candidates.0.resampling"] == (
        "Labels of the task regression are no classes: leave it out."
    )


def test_a_calibration_that_moves_no_rate_back_is_refused(declare):
    def edit(plain):
        rare(plain)
        plain["task"]["calibration"] = "temperature"

    [error] = inconsistencies(declare(edit))

    assert error.field == "training.candidates.0.resampling"
    assert "write `sigmoid` or `isotonic`" in error.fix


@pytest.mark.parametrize("ratio", [0, -1, 1.01, float("nan"), float("inf"), "half"])
def test_a_ratio_that_is_none_is_refused(declare, ratio):
    with pytest.raises(ValueError, match=r"resampling\.ratio"):
        declare(lambda plain: rare(plain, ratio=ratio))
