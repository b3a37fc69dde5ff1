from typing import Any

import numpy as np
import pandas as pd
import pytest
from pydantic import ValidationError
from sklearn.compose import ColumnTransformer
from sklearn.ensemble import HistGradientBoostingRegressor
from sklearn.pipeline import make_pipeline

from mlops_platform.errors import TrainingError
from mlops_platform.tasks import Finished, Rows
from mlops_platform.tasks.forecasting.task import Forecasting
from tests.tasks.forecasting.conftest import (
    FEATURES,
    NUMERIC,
    OPTIONS,
    SEASON,
    SERIES,
    TASK,
    TEST,
    TRAIN,
    UNSEEN,
    demand,
    pipeline,
    predicted,
    rows_of,
)


def test_a_model_says_what_its_row_is_a_forecast_of(forecaster: Finished) -> None:
    said = predicted(TASK, forecaster, TEST)

    assert (said["forecast_step"] == TEST["step"]).all()
    assert (said["naive"] == TEST["value_7d_ago"]).all()
    for name in SERIES:
        own = TRAIN[TRAIN["series"] == name]
        errors = own["value"] - own["value_7d_ago"]
        here = said.rows((TEST["series"] == name).to_numpy())
        assert len(np.unique(here["series_key"])) == 1
        assert here["naive_error"] == pytest.approx(errors.abs().mean())
        assert here["naive_rms_error"] == pytest.approx((errors**2).mean() ** 0.5)


def test_a_new_series_without_last_season_has_the_baselines_constant(
    forecaster: Finished,
) -> None:
    new = demand(range(97, 99), "NEW").assign(value_7d_ago=np.nan)
    nameless = new.assign(series=None)
    for rows in (new, nameless):
        said = predicted(TASK, forecaster, rows)

        assert (said["series_key"] == -1).all()
        assert (said["naive"] == forecaster.baseline["centre"]).all()
        assert len(np.unique(said["naive_error"])) == 1
        numbers = TASK.numbers(forecaster.model, rows[FEATURES])
        assert all(TASK.usable(row) for row in numbers.tolist())


def test_the_baseline_is_the_seasonal_naive_of_each_row(forecaster: Finished) -> None:
    said = predicted(TASK, forecaster, TEST)

    baseline = TASK.baseline_predictions(forecaster.baseline, {}, len(TEST), said)

    assert (baseline["prediction"] == TEST["value_7d_ago"]).all()
    losses = TASK.baseline_losses(TEST["value"].to_numpy(), forecaster.baseline, said)
    assert losses == pytest.approx((TEST["value"] - TEST["value_7d_ago"]).abs())
    inside = (TEST["value"] >= baseline["lower"]) & (TEST["value"] <= baseline["upper"])
    assert 0.8 < inside.mean() < 0.97


def test_a_model_with_a_signal_beats_the_seasonal_naive(forecaster: Finished) -> None:
    targets, said = TEST["value"].to_numpy(), predicted(TASK, forecaster, TEST)

    metrics = TASK.measure(targets, said)

    assert 0.1 < metrics["d2"] < 1
    assert metrics["mase"] < 1
    assert metrics["mase_1"] < metrics["mase_4_to_7"]
    assert 0 < metrics["instability"] < 0.2


def test_the_expected_loss_of_the_baseline_is_that_of_the_naive(forecaster: Finished) -> None:
    said = predicted(TASK, forecaster, TEST)

    own, of_baseline = TASK.expected_losses(said, forecaster.baseline)

    naive_losses = TASK.baseline_losses(TEST["value"].to_numpy(), forecaster.baseline, said)
    assert of_baseline.mean() == pytest.approx(naive_losses.mean(), rel=0.4)
    assert own.mean() < of_baseline.mean()


def test_each_bucket_of_unseen_rows_is_covered_as_promised(forecaster: Finished) -> None:
    said = predicted(TASK, forecaster, UNSEEN)

    metrics = TASK.measure(UNSEEN["value"].to_numpy(), said)

    for name in ("1", "2_to_3", "4_to_7"):
        assert metrics[f"coverage_{name}"] == pytest.approx(0.9, abs=0.02)
    near, far = (said["width"][UNSEEN["step"] == step].mean() for step in (1, 7))
    assert near < far


def test_all_steps_follow_one_level_and_keep_the_proportion_of_their_buckets(
    forecaster: Finished,
) -> None:
    task = Forecasting.model_validate({**OPTIONS, "adaptation": {}})
    rule = task.adaptation_rule
    assert rule is not None
    numbers = task.numbers(forecaster.model, UNSEEN[FEATURES])

    scores = rule.scores(UNSEEN["value"].to_numpy(), numbers, forecaster.constants)

    inside = scores <= 1
    metrics = task.measure(UNSEEN["value"].to_numpy(), predicted(task, forecaster, UNSEEN))
    assert inside.mean() == pytest.approx(metrics["coverage"])
    wider = {**forecaster.constants, "factor": 2.0}
    before = task.predictions(numbers, forecaster.constants)
    assert task.predictions(numbers, wider)["width"] == pytest.approx(2 * before["width"])


def test_a_refit_knows_series_that_have_come_since(forecaster: Finished) -> None:
    everything = pd.concat([TRAIN, UNSEEN, demand(range(67, 97), "NEW")], ignore_index=True)

    refitted = TASK.refit(forecaster, pipeline(), rows_of(everything), rows_of(UNSEEN))

    rows = demand(range(97, 98), "ATL", "NEW")
    before, after = predicted(TASK, forecaster, rows), predicted(TASK, refitted, rows)
    known = (rows["series"] == "ATL").to_numpy()
    assert (before["series_key"][~known] == -1).all()
    assert (after["series_key"][~known] > 0).all()
    assert (after["series_key"][known] == before["series_key"][known]).all()


def test_new_series_and_those_that_are_gone_are_told(forecaster: Finished) -> None:
    tested = predicted(TASK, forecaster, TEST)
    fewer = TEST[TEST["series"] != "BOS"]
    later = pd.concat([fewer, demand(range(97, 98), "NEW")], ignore_index=True)

    assert TASK.notes(tested, tested) == ()
    assert TASK.notes(tested, predicted(TASK, forecaster, later)) == (
        "7 of 427 rows are of series that the version was not fitted on: it forecasts them as it "
        "does any, and errors are scaled as those of all series.",
        "1 of the 3 series that the version was tested on have no row here.",
    )


def test_one_series_and_one_step_are_a_forecast_too() -> None:
    task = Forecasting.model_validate({**OPTIONS, "horizon": 1})
    train, unseen, test = (
        frame[(frame["series"] == "ATL") & (frame["step"] == 1)] for frame in (TRAIN, UNSEEN, TEST)
    )

    finished = task.fit(pipeline(), rows_of(train), rows_of(unseen))

    said = predicted(task, finished, test)
    metrics = task.measure(test["value"].to_numpy(), said)
    assert set(task.default_limits) == {"coverage"}
    assert not any(name.startswith("coverage_") for name in metrics)
    details = task.details(test["value"].to_numpy(), said, finished.constants)
    assert [table.title for table in task.tables(details)][:2] == ["Errors by horizon", "Series"]
    assert details["series"] == 1


def test_a_series_that_never_changes_is_scaled_as_all_are() -> None:
    """Its naive is always right, and nothing can be divided by that."""

    def with_a_constant_series(frame: pd.DataFrame) -> pd.DataFrame:
        is_constant = frame["series"] == "BOS"
        return frame.assign(
            **{
                name: frame[name].mask(is_constant, value)
                for name, value in {
                    "usual": 5.0,
                    "excess": 0.0,
                    "value_7d_ago": 5.0,
                    "value": 5.0,
                }.items()
            }
        )

    train, unseen, test = map(with_a_constant_series, (TRAIN, UNSEEN, TEST))
    finished = TASK.fit(pipeline(), rows_of(train), rows_of(unseen))
    said = predicted(TASK, finished, test)

    of_constant = said.rows((test["series"] == "BOS").to_numpy())
    assert (of_constant["naive_error"] > 0).all()
    assert np.isfinite(list(TASK.measure(test["value"].to_numpy(), said).values())).all()


def test_a_lag_that_no_unseen_row_has_stops_no_fit() -> None:
    """As the days from a holiday in a validation part without any."""
    frames = [frame.assign(lag=value) for frame, value in ((TRAIN, 1.0), (UNSEEN, np.nan))]
    boosted = make_pipeline(
        ColumnTransformer([("numbers", "passthrough", [*NUMERIC, "lag"])]),
        HistGradientBoostingRegressor(max_iter=5),
    )
    train, unseen = (Rows(frame[[*FEATURES, "lag"]], frame["value"].to_numpy()) for frame in frames)

    finished = TASK.fit(boosted, train, unseen)

    assert np.isfinite(TASK.numbers(finished.model, unseen.features)).all()


def spoilt(frame: pd.DataFrame, **columns: Any) -> Rows:
    return rows_of(frame.assign(**columns))


@pytest.mark.parametrize(
    ("columns", "sentence"),
    [
        ({"value_7d_ago": np.nan}, "'value_7d_ago' is NULL in all 1260 rows to be fitted on"),
        ({"value_7d_ago": np.inf}, "is infinite in 1260 of 1260 rows. Make it NULL where there"),
        ({"value_7d_ago": TRAIN["value"]}, "is the outcome itself in every row"),
        ({"step": 9.0}, "task.step: 'step' holds 9 in 1260 of 1260 rows, where it must be a whole"),
        ({"step": 0.0}, "holds 0 in 1260 of 1260 rows"),
        ({"step": 1.5}, "holds 1.5 in 1260 of 1260 rows"),
        ({"step": np.nan}, "holds NULL in 1260 of 1260 rows"),
        ({"step": np.inf}, "holds inf in 1260 of 1260 rows"),
    ],
)
def test_rows_that_no_forecast_can_be_fitted_on_are_refused(
    columns: dict[str, Any], sentence: str
) -> None:
    with pytest.raises(TrainingError) as refused:
        TASK.fit(pipeline(), spoilt(TRAIN, **columns), rows_of(UNSEEN))

    assert sentence in str(refused.value)


def test_a_bucket_without_an_unseen_row_is_refused() -> None:
    near = UNSEEN[UNSEEN["step"] <= 3]

    with pytest.raises(TrainingError, match=r"task\.buckets: no row of steps 4 to 7 has"):
        TASK.fit(pipeline(), rows_of(TRAIN), rows_of(near))


@pytest.mark.parametrize(
    ("targets", "found"),
    [
        (np.array([]), "none with a label"),
        (np.full(3, 7.0), "all with label 7"),
        (np.array([1.0, np.inf]), "some with a label that is not finite"),
    ],
)
def test_outcomes_that_teach_nothing_are_refused(targets: Any, found: str) -> None:
    refusal = TASK.refusal(targets)

    assert refusal is not None
    assert refusal.found == found


@pytest.mark.parametrize("step", [0.0, 8.0, 2.5])
def test_a_step_outside_the_horizon_is_not_answered(forecaster: Finished, step: float) -> None:
    row = TEST[FEATURES].head(1).assign(step=step)

    numbers = TASK.numbers(forecaster.model, row)[0].tolist()

    assert not TASK.usable(numbers)
    told = f"its `step` is {step:g}, and steps are whole numbers from 1 to 7"
    assert TASK.unusable_text(numbers) == told


def test_a_person_is_told_the_promise_of_the_interval_and_no_key(forecaster: Finished) -> None:
    numbers = TASK.numbers(forecaster.model, TEST[FEATURES].head(1))[0].tolist()

    told = TASK.worded(TASK.answer(numbers, forecaster.constants))

    assert told["coverage"] == TASK.coverage
    assert "series_key" not in told


@pytest.mark.parametrize("buckets", [[3, 1, 7], [1, 3], [0, 7], [1, 8], [1, 1, 7]])
def test_buckets_that_are_none_are_refused(buckets: list[int]) -> None:
    [fault] = Forecasting.model_validate({**OPTIONS, "buckets": buckets}).faults()

    assert fault.field == "task.buckets"
    assert "the horizon (7) as the last one" in fault.fix


def test_a_column_with_two_roles_is_refused() -> None:
    [fault] = Forecasting.model_validate({**OPTIONS, "seasonal_naive": "step"}).faults()

    assert (fault.field, fault.value) == ("task.seasonal_naive", "step")


@pytest.mark.parametrize("missing", ["horizon", "season", "seasonal_naive"])
def test_what_nobody_can_guess_has_to_be_said(missing: str) -> None:
    options = {key: value for key, value in OPTIONS.items() if key != missing}

    with pytest.raises(ValidationError, match=missing):
        Forecasting.model_validate(options)


def test_figures_are_told_for_every_step_that_has_rows(forecaster: Finished) -> None:
    some = TEST[TEST["step"] <= 5]
    targets, said = some["value"].to_numpy(), predicted(TASK, forecaster, some)

    details = TASK.details(targets, said, forecaster.constants)

    assert [part["last"] for part in details["steps"]] == [1, 2, 3, 4, 5]
    assert [part["rows"] for part in details["buckets"]] == [90, 180, 180]
    [by_steps, *_] = TASK.tables(details)
    assert [row[0] for row in by_steps.rows] == ["step 1", "steps 2 to 3", "steps 4 to 7"]
    figures = TASK.figures(TASK.measure(targets, said), details)
    assert {"error_by_horizon", "coverage_by_horizon"} <= figures.keys()


def test_figures_that_are_not_defined_are_told_as_such(forecaster: Finished) -> None:
    said = predicted(TASK, forecaster, TEST)
    is_near = (TEST["step"] == 1).to_numpy()
    targets = np.where(is_near, 0.0, TEST["value"])

    [by_steps, *_] = TASK.tables(TASK.details(targets, said, forecaster.constants))

    assert "undefined" in by_steps.rows[0]
    assert "undefined" not in by_steps.rows[1]


def test_series_whose_naive_is_hardly_ever_wrong_widen_no_interval_of_others() -> None:
    """Of one that stands still but for a day now and then, a miss is a hundred usual errors."""
    still = "one still", "another still"

    def with_still_series(days: range, seed: int) -> pd.DataFrame:
        frame = demand(days, *SERIES, *still, seed=seed)
        is_still = frame["series"].isin(still)
        # As one carrier may be: 2, and 0 on the day before a holiday; nothing tells of it.
        day = frame["origin"] + pd.to_timedelta(frame["step"], "D")
        value = 2.0 - 2.0 * (day.dt.dayofyear % 40 == 0)
        naive = 2.0 - 2.0 * ((day - pd.Timedelta("7D")).dt.dayofyear % 40 == 0)
        said = {"value_7d_ago": naive, "value": value}
        return frame.assign(**{name: frame[name].mask(is_still, to) for name, to in said.items()})

    spans = zip((range(SEASON, 67), range(67, 97), range(97, 127)), range(3), strict=True)
    train, unseen, test = (with_still_series(days, seed) for days, seed in spans)
    # Little tells the series apart, so that they share leaves.
    columns = ColumnTransformer([("n", "passthrough", ["step", "excess"])])
    trees = HistGradientBoostingRegressor(loss="absolute_error", max_iter=30, random_state=0)
    finished = TASK.fit(make_pipeline(columns, trees), rows_of(train), rows_of(unseen))
    said = predicted(TASK, finished, test)

    for name in SERIES:
        is_here = (test["series"] == name).to_numpy()
        values = test["value"][is_here]
        widest = said.rows(is_here)["width"].max()
        assert widest < 20 * (values.max() - values.min()), name


def test_small_series_have_narrow_intervals_beside_large_ones() -> None:
    columns = ["usual", "excess", "value_7d_ago", "value"]

    def with_a_large_series(frame: pd.DataFrame) -> pd.DataFrame:
        is_large = frame["series"] == "CHI"
        return frame.assign(
            **{name: frame[name].where(~is_large, 50 * frame[name]) for name in columns}
        )

    train, unseen, test = map(with_a_large_series, (TRAIN, UNSEEN, TEST))
    finished = TASK.fit(pipeline(), rows_of(train), rows_of(unseen))
    said = predicted(TASK, finished, test)

    for name in SERIES:
        here = said.rows((test["series"] == name).to_numpy())
        in_units = here["width"].mean() / here["naive_error"].mean()
        assert 1 < in_units < 8, name
