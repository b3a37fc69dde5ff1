import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mlops_platform.monitoring.loss_figures import LossFigures

NAMES = ("name", "baseline_name")
FIGURES = [field for field in LossFigures.model_fields if field not in NAMES]
LOSSES = st.none() | st.floats(0, 50)


def figures(loss: float | None, **changes: float | None) -> LossFigures:
    """Of rows that the baseline finds as hard as the test rows, where a loss of 0.50 was had."""
    plain = {"baseline_loss": 0.60, "test_loss": 0.50, "test_baseline_loss": 0.60}
    return LossFigures.model_validate({"loss": loss, **plain, **changes})


def test_increases_are_against_what_the_test_promises_and_against_the_baseline():
    losses = figures(0.53)

    assert losses.promised_loss == pytest.approx(0.50)
    assert losses.loss_increase == pytest.approx(0.03)
    assert losses.loss_over_baseline == pytest.approx(-0.07)


def test_harder_rows_are_promised_to_cost_more():
    losses = figures(0.63, baseline_loss=0.72)

    assert losses.promised_loss == pytest.approx(0.60)
    assert losses.loss_increase == pytest.approx(0.03)


def test_without_labels_the_estimate_is_held_against_a_promise_of_its_own():
    losses = figures(None, estimated_loss=0.63, estimated_baseline_loss=0.72)

    assert losses.estimated_promised_loss == pytest.approx(0.60)
    assert losses.estimated_increase == pytest.approx(0.03)
    assert losses.estimate_error is None
    assert figures(0.60, estimated_loss=0.63).estimate_error == pytest.approx(0.03)


@pytest.mark.parametrize("loss", [None, math.nan, math.inf])
def test_what_is_no_number_is_not_known(loss):
    losses = figures(loss)

    assert (losses.loss, losses.loss_increase, losses.loss_over_baseline) == (None, None, None)


def test_a_baseline_that_lost_nothing_on_the_test_promises_nothing():
    assert figures(0.5, test_baseline_loss=0.0).promised_loss is None


@given(st.fixed_dictionaries(dict.fromkeys(FIGURES, LOSSES)))
def test_no_figure_is_ever_infinite_and_they_are_read_back_unchanged(values):
    losses = LossFigures.model_validate(values)

    for figure in (*losses.named.values(), losses.estimated_increase, losses.estimate_error):
        assert figure is None or math.isfinite(figure)
    assert LossFigures.from_stored(losses.to_stored()) == losses


def test_outside_they_have_the_same_names_for_every_task():
    losses = figures(0.53, estimated_loss=0.55)

    assert losses.named == {
        "loss": 0.53,
        "baseline_loss": 0.60,
        "promised_loss": 0.50,
        "loss_increase": pytest.approx(0.03),
        "test_loss": 0.50,
        "estimated_loss": 0.55,
    }
