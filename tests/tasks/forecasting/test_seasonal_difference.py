"""Estimators that learn what outcomes differ by from the seasonal naive."""

from typing import Any

import numpy as np
import pandas as pd
import pytest
from sklearn.base import clone
from sklearn.compose import ColumnTransformer
from sklearn.ensemble import HistGradientBoostingRegressor
from sklearn.linear_model import LinearRegression
from sklearn.pipeline import Pipeline, make_pipeline

from mlops_platform.tasks import Finished, Predictions
from mlops_platform.tasks.forecasting.task import Forecasting
from tests.tasks.forecasting.conftest import (
    FEATURES,
    NUMERIC,
    OPTIONS,
    TASK,
    TEST,
    TRAIN,
    UNSEEN,
    demand,
    pipeline,
    predicted,
    rows_of,
)

DIFFERENCED = Forecasting.model_validate({**OPTIONS, "target": "seasonal_difference"})


@pytest.fixture(scope="module")
def differenced() -> Finished:
    return DIFFERENCED.fit(pipeline(), rows_of(TRAIN), rows_of(UNSEEN))


def trees() -> Pipeline:
    numbers = ColumnTransformer([("numbers", "passthrough", NUMERIC)])
    return make_pipeline(
        numbers, HistGradientBoostingRegressor(max_iter=40, loss="absolute_error", random_state=0)
    )


def one_level_higher(frame: pd.DataFrame, more: float = 500.0) -> pd.DataFrame:
    """Everything sells better than it ever did, and did so a week ago."""
    return frame.assign(**{name: frame[name] + more for name in ("usual", "value_7d_ago", "value")})


def errors_on(task: Forecasting, finished: Finished, frame: pd.DataFrame) -> Any:
    return np.abs(predicted(task, finished, frame)["prediction"] - frame["value"])


def test_the_naive_is_added_to_what_was_learnt(differenced: Finished) -> None:
    alone = clone(pipeline()).fit(TRAIN[FEATURES], TRAIN["value"] - TRAIN["value_7d_ago"])

    said = predicted(DIFFERENCED, differenced, TEST)

    expected = alone.predict(TEST[FEATURES]) + TEST["value_7d_ago"]
    assert said["prediction"] == pytest.approx(expected)
    assert (said["naive"] == TEST["value_7d_ago"]).all()


def test_a_least_squares_fit_of_a_model_that_has_the_naive_is_the_same() -> None:
    """It takes the naive away and adds it again: nothing is lost by differencing."""

    def said(task: Forecasting) -> Predictions:
        least_squares = pipeline().set_params(estimator=LinearRegression())
        return predicted(task, task.fit(least_squares, rows_of(TRAIN), rows_of(UNSEEN)), TEST)

    outcomes, differences = said(TASK), said(DIFFERENCED)

    for name in ("prediction", "expected_baseline_loss"):
        assert differences[name] == pytest.approx(outcomes[name])
    for name in ("lower", "upper", "expected_loss"):
        assert np.median(np.abs(differences[name] / outcomes[name] - 1)) < 0.01


def test_trees_follow_a_level_that_no_training_row_had() -> None:
    outcomes = TASK.fit(trees(), rows_of(TRAIN), rows_of(UNSEEN))
    differences = DIFFERENCED.fit(trees(), rows_of(TRAIN), rows_of(UNSEEN))
    higher = one_level_higher(TEST)

    assert errors_on(TASK, outcomes, higher).mean() > 300
    assert errors_on(DIFFERENCED, differences, higher).mean() < 10


def test_the_interval_holds_what_it_promises(differenced: Finished) -> None:
    metrics = DIFFERENCED.measure(
        UNSEEN["value"].to_numpy(), predicted(DIFFERENCED, differenced, UNSEEN)
    )

    for name in ("1", "2_to_3", "4_to_7"):
        assert metrics[f"coverage_{name}"] == pytest.approx(0.9, abs=0.02)


def test_losses_are_expected_of_outcomes_and_not_of_differences(differenced: Finished) -> None:
    own, of_baseline = DIFFERENCED.expected_losses(
        predicted(DIFFERENCED, differenced, TEST), differenced.baseline
    )

    errors = errors_on(DIFFERENCED, differenced, TEST)
    assert own.mean() == pytest.approx(errors.mean(), rel=0.3)
    assert own.mean() < of_baseline.mean()


def test_a_row_without_last_season_differs_from_the_middle_of_outcomes(
    differenced: Finished,
) -> None:
    new = demand(range(97, 99), "NEW").assign(value_7d_ago=np.nan)

    said = predicted(DIFFERENCED, differenced, new)

    numbers = DIFFERENCED.numbers(differenced.model, new[FEATURES])
    assert (said["naive"] == np.median(TRAIN["value"])).all()
    assert said["prediction"] == pytest.approx(numbers[:, 0] + np.median(TRAIN["value"]))


def test_a_refit_and_a_single_row_answer_alike(differenced: Finished) -> None:
    everything = pd.concat([TRAIN, UNSEEN], ignore_index=True)
    refitted = DIFFERENCED.refit(differenced, pipeline(), rows_of(everything), rows_of(UNSEEN))

    for finished in (differenced, refitted):
        numbers = DIFFERENCED.numbers(finished.model, TEST[FEATURES])
        said = DIFFERENCED.predictions(numbers, finished.constants)
        for at in (0, 100, 400):
            answer = DIFFERENCED.answer(numbers[at].tolist(), finished.constants)
            for name in ("prediction", "lower", "upper", "expected_loss"):
                assert answer[name] == pytest.approx(said[name][at])
    errors = errors_on(DIFFERENCED, refitted, TEST)
    assert errors.mean() == pytest.approx(errors_on(TASK, differenced, TEST).mean(), rel=0.1)


@pytest.mark.parametrize(
    ("judging", "refitting"), [(TASK, DIFFERENCED), (DIFFERENCED, TASK)], ids=["outcome", "other"]
)
def test_a_refit_learns_what_was_judged_whatever_the_yaml_says_by_then(
    judging: Forecasting, refitting: Forecasting
) -> None:
    judged = judging.fit(pipeline(), rows_of(TRAIN), rows_of(UNSEEN))
    everything = pd.concat([TRAIN, UNSEEN], ignore_index=True)

    refitted = refitting.refit(judged, pipeline(), rows_of(everything), rows_of(UNSEEN))

    as_judged = judging.refit(judged, pipeline(), rows_of(everything), rows_of(UNSEEN))
    assert dict(refitted.constants) == dict(as_judged.constants)
    numbers = refitting.numbers(refitted.model, TEST[FEATURES])
    assert numbers == pytest.approx(judging.numbers(as_judged.model, TEST[FEATURES]))
    assert errors_on(refitting, refitted, TEST).mean() < 5


def test_a_version_that_learnt_outcomes_has_the_constants_that_it_always_had(
    forecaster: Finished,
) -> None:
    """One more would tell whoever makes it again that it has changed."""
    assert "naive_share" not in forecaster.constants


def test_what_is_explained_is_named_by_what_was_learnt() -> None:
    assert TASK.explained_scale == "explained_prediction"
    assert DIFFERENCED.explained_scale == "explained_difference"


def test_the_card_says_what_was_learnt(differenced: Finished) -> None:
    told = DIFFERENCED.constants_text(differenced.constants)

    assert told.startswith("What its estimators say is added to the seasonal naive of a row. ")
    outcomes = {k: v for k, v in differenced.constants.items() if k != "naive_share"}
    assert not TASK.constants_text(outcomes).startswith("What")


def test_a_target_by_another_name_is_refused() -> None:
    with pytest.raises(ValueError, match="'outcome' or 'seasonal_difference'"):
        Forecasting.model_validate({**OPTIONS, "target": "difference"})


def test_versions_of_before_say_outcomes(differenced: Finished) -> None:
    """They have no constant that says so."""
    before = {k: v for k, v in differenced.constants.items() if k != "naive_share"}
    numbers = DIFFERENCED.numbers(differenced.model, TEST[FEATURES])

    assert (DIFFERENCED.predictions(numbers, before)["prediction"] == numbers[:, 0]).all()
