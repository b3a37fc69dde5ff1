"""Importances are scikit-learn's in the mean, and columns that say the same are told."""

from typing import Any

import numpy as np
import pytest
from sklearn.inspection import permutation_importance

from mlops_platform.tasks import Predictions
from mlops_platform.training.explaining.correlated import correlated_groups
from mlops_platform.training.explaining.importance import permutation_importances
from mlops_platform.training.rows import features_of, targets_of


def importances(explained: Any, **changes: Any) -> dict[str, Any]:
    of = explained._replace(**changes)
    found = permutation_importances(*of)
    return {one.feature: one for one in found.features}


def sklearns(explained: Any, weights: Any = None) -> dict[str, tuple[float, float]]:
    spec, candidate, rows, *_ = explained
    loss = spec.task.own_metrics[spec.task.loss]

    def negative_loss(model: Any, features: Any, targets: Any, sample_weight: Any = None) -> float:
        said = spec.task.predict(model, candidate.constants, features)
        return -loss.compute(targets, Predictions(said.columns, sample_weight))

    found = permutation_importance(
        candidate.model,
        features_of(rows, spec),
        targets_of(rows, spec),
        scoring=negative_loss,
        n_repeats=8,
        random_state=0,
        sample_weight=weights,
    )
    names = spec.features.names
    return {
        name: (mean, deviation)
        for name, mean, deviation in zip(
            names, found.importances_mean, found.importances_std, strict=True
        )
    }


@pytest.mark.parametrize("model", ["tiny", "line"])
@pytest.mark.parametrize("is_weighted", [False, True])
def test_means_are_those_of_scikit_learn(
    model: str, is_weighted: bool, request: pytest.FixtureRequest
) -> None:
    explained = request.getfixturevalue(model)
    if is_weighted:
        explained = explained.weighted()
    weights = explained.predictions.weights
    found = importances(explained)
    for name, (mean, deviation) in sklearns(explained, weights).items():
        assert found[name].mean == pytest.approx(mean, abs=4 * deviation + 1e-9), name
    assert found["signal"].is_sure
    assert found["signal"].mean > 10 * abs(found["noise"].mean)
    assert not found["noise"].is_sure


def test_they_are_ordered_and_repeat_whatever_the_index(tiny: Any) -> None:
    found = permutation_importances(*tiny)
    assert [one.mean for one in found.features] == sorted(
        (one.mean for one in found.features), reverse=True
    )
    moved = tiny.rows.set_axis(np.arange(len(tiny.rows))[::-1] + 50)
    assert permutation_importances(*tiny._replace(rows=moved)) == found


def test_a_column_without_any_variety_has_no_importance(tiny: Any) -> None:
    for value in (0.3, np.nan):
        rows = tiny.rows.assign(noise=value)
        said = tiny.spec.task.predict(
            tiny.candidate.model, tiny.candidate.constants, features_of(rows, tiny.spec)
        )
        found = importances(tiny, rows=rows, predictions=said)["noise"]
        assert (found.mean, found.lower, found.upper, found.is_sure) == (0.0, 0.0, 0.0, False)


@pytest.mark.parametrize("count", [1, 2])
def test_of_very_few_rows_nothing_is_sure(tiny: Any, count: int) -> None:
    found = importances(
        tiny, rows=tiny.rows[:count], predictions=tiny.predictions.rows(np.arange(count))
    )
    assert {one.is_sure for one in found.values()} == {None}
    assert count > 1 or {one.mean for one in found.values()} == {0.0}


def test_columns_that_say_the_same_are_shuffled_together(rows: Any, explain: Any) -> None:
    """Either alone looks half as useful; together they are what the model leans on."""

    def twice(plain: dict[str, Any]) -> None:
        plain["features"]["numeric"] = ["signal", "noise", "echo"]

    echo = rows["signal"] + 0.01 * np.random.default_rng(0).normal(size=len(rows))
    found = permutation_importances(*explain(rows.assign(echo=echo), twice, "linear"))
    [group] = found.groups
    alone = {one.feature: one for one in found.features}
    assert group.features == ("signal", "echo")
    assert group.correlation > 0.99
    assert group.is_sure
    assert group.mean > 1.5 * max(alone["signal"].mean, alone["echo"].mean)


def test_groups_are_of_columns_of_which_every_two_are_correlated(rows: Any) -> None:
    random = np.random.default_rng(1)
    base = random.normal(size=500)
    frame = rows[:500].assign(
        a=base,
        b=-np.exp(base),  # by ranks, and with another sign
        c=base + 0.4 * random.normal(size=500),
        alone=random.normal(size=500),
        constant=1.0,
        missing=np.nan,
        mostly=np.where(np.arange(500) < 100, base, np.nan),
    )
    [group] = correlated_groups(frame, ["a", "alone", "b", "c", "constant", "missing", "mostly"])
    assert group.columns == ("a", "b", "c")
    expected = frame[["a", "b", "c"]].corr("spearman").abs().to_numpy().min()
    assert group.correlation == pytest.approx(expected)
    assert correlated_groups(frame, ["a"]) == correlated_groups(frame, []) == ()
