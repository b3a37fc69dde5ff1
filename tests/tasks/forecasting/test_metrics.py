"""Figures of forecasts against their formulas, written down from the papers."""

from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from mlops_platform.tasks import Predictions
from mlops_platform.tasks.forecasting.seasonal_naive import series_scales
from mlops_platform.tasks.forecasting.task import Forecasting
from tests.tasks.forecasting.conftest import OPTIONS

VALUE = st.floats(-1e4, 1e4).map(lambda value: round(value, 3))
ROW = st.tuples(VALUE, VALUE, VALUE, st.floats(0.1, 50), st.integers(1, 7), st.floats(0.1, 5))
ROWS = st.lists(ROW, min_size=2, max_size=40)
LOSSES = st.sampled_from(["absolute_error", "squared_error", "pinball"])


def stated(rows: list[tuple[float, ...]], weighted: bool = False) -> tuple[Any, Predictions]:
    """Outcomes, and predictions with an interval around them."""
    targets, prediction, naive, scale, step, weight = np.array(rows).T
    return targets, Predictions(
        {
            "prediction": prediction,
            "lower": prediction - scale,
            "upper": prediction + 2 * scale,
            "width": 3 * scale,
            "naive": naive,
            "naive_error": scale,
            "naive_rms_error": 1.5 * scale,
            "series_key": np.ones(len(rows)),
            "forecast_step": step,
        },
        weight if weighted else None,
    )


@given(rows=ROWS, weighted=st.booleans())
def test_scaled_errors_are_those_of_hyndman_and_koehler(
    rows: list[tuple[float, ...]], weighted: bool
) -> None:
    targets, predictions = stated(rows, weighted)
    errors, scale = targets - predictions["prediction"], predictions["naive_error"]
    weights = predictions.weights if weighted else np.ones(len(rows))

    measured = Forecasting.model_validate(OPTIONS).measure(targets, predictions)

    share = weights / weights.sum()
    assert measured["mase"] == pytest.approx((share * np.abs(errors / scale)).sum())
    squared = (share * (errors / (1.5 * scale)) ** 2).sum()
    assert measured["rmsse"] == pytest.approx(np.sqrt(squared))


@given(rows=ROWS)
def test_the_rows_of_a_figure_of_a_bucket_are_those_of_its_steps(
    rows: list[tuple[float, ...]],
) -> None:
    targets, predictions = stated(rows)
    task = Forecasting.model_validate({**OPTIONS, "buckets": [1, 3, 7]})
    steps = predictions["forecast_step"]

    values = task.own_metrics["coverage_2_to_3"].row_values
    assert values is not None
    np.testing.assert_array_equal(
        ~np.isnan(values(targets, predictions)), (steps == 2) | (steps == 3)
    )


@given(rows=ROWS, loss=LOSSES, weighted=st.booleans())
def test_d2_is_what_is_saved_of_the_loss_of_the_seasonal_naive(
    rows: list[tuple[float, ...]], loss: str, weighted: bool
) -> None:
    targets, predictions = stated(rows, weighted)
    task = Forecasting.model_validate({**OPTIONS, "loss": loss, "quantile": 0.8})
    baseline = task.baseline(targets)
    own = predictions.mean_of(task.row_losses(targets, predictions))
    naive = predictions.mean_of(task.baseline_losses(targets, baseline, predictions))

    d2 = task.measure(targets, predictions)["d2"]

    assert d2 == pytest.approx(1 - own / naive if naive else float(own == 0))


@given(rows=ROWS)
def test_wape_is_the_sum_of_errors_over_the_sum_of_outcomes(
    rows: list[tuple[float, ...]],
) -> None:
    targets, predictions = stated(rows)
    wape = Forecasting.model_validate(OPTIONS).measure(targets, predictions).get("wape")

    if np.abs(targets).sum() == 0:
        assert wape is None
    else:
        errors = np.abs(targets - predictions["prediction"]).sum()
        assert wape == pytest.approx(errors / np.abs(targets).sum())


@given(rows=ROWS, quantile=st.floats(0.05, 0.95))
def test_pinball_is_that_of_scikit_learn(rows: list[tuple[float, ...]], quantile: float) -> None:
    from sklearn.metrics import mean_pinball_loss

    targets, predictions = stated(rows)
    task = Forecasting.model_validate({**OPTIONS, "loss": "pinball", "quantile": quantile})

    measured = task.measure(targets, predictions)

    own = mean_pinball_loss(targets, predictions["prediction"], alpha=quantile)
    assert measured["pinball"] == pytest.approx(own)
    ends = [
        mean_pinball_loss(targets, predictions[name], alpha=alpha)
        for name, alpha in (("lower", 0.05), ("upper", 0.95))
    ]
    assert measured["quantile_loss"] == pytest.approx((sum(ends) + own) / 3)


@given(rows=ROWS)
def test_a_bucket_has_the_figures_of_its_rows_and_none_without_any(
    rows: list[tuple[float, ...]],
) -> None:
    targets, predictions = stated(rows)
    task = Forecasting.model_validate(OPTIONS)
    steps = predictions["forecast_step"]

    measured = task.measure(targets, predictions)

    for name, (first, last) in {"1": (1, 1), "2_to_3": (2, 3), "4_to_7": (4, 7)}.items():
        members = (steps >= first) & (steps <= last)
        for metric in ("mase", "coverage"):
            if not members.any():
                assert f"{metric}_{name}" not in measured
                continue
            part = task.measure(targets[members], predictions.rows(members))
            assert measured[f"{metric}_{name}"] == pytest.approx(part[metric])


SERIES_ROWS = st.lists(
    st.tuples(st.sampled_from(["a", "b", "c"]), st.floats(0.5, 100), st.booleans()),
    min_size=1,
    max_size=30,
)


@given(rows=SERIES_ROWS)
def test_each_series_is_scaled_by_its_own_errors(rows: list[tuple[str, float, bool]]) -> None:
    series = np.array([name for name, _, _ in rows], dtype=object)
    errors = np.array([error if known else np.nan for _, error, known in rows])
    if np.isnan(errors).all():
        return

    scales = series_scales(series, errors)

    assert scales.series.tolist() == sorted(set(series))
    for name, scale, rms in zip(scales.series, scales.errors, scales.rms_errors, strict=True):
        own = errors[(series == name) & ~np.isnan(errors)]
        used = own if len(own) else errors[~np.isnan(errors)]
        assert scale == pytest.approx(np.abs(used).mean())
        assert rms == pytest.approx(np.sqrt((used**2).mean()))


def test_a_series_of_which_the_naive_was_always_right_is_scaled_as_all_are() -> None:
    series = np.array(["a", "a", "b", "b"], dtype=object)

    scales = series_scales(series, np.array([0.0, 0.0, 4.0, 4.0]))

    assert scales.errors.tolist() == [2.0, 4.0]
    assert scales.rms_errors.tolist() == pytest.approx([np.sqrt(8.0), 4.0])


def test_a_series_has_the_same_key_whatever_others_there_are() -> None:
    both = series_scales(np.array(["a", "b"], dtype=object), np.array([1.0, 2.0]))
    alone = series_scales(np.array(["b"], dtype=object), np.array([3.0]))

    assert both.keys[1] == alone.keys[0]
    assert both.keys[0] != both.keys[1]
    assert (both.keys == np.rint(both.keys)).all()
