import math

import pytest

from mlops_platform.monitoring.performance.window_performance import WindowPerformance


def test_increases_are_against_the_champions_test_and_the_base_rate(make_week):
    window = make_week(0, log_loss=0.53, settled=710)

    assert window.log_loss_increase == pytest.approx(0.03)
    assert window.loss_over_base_rate == pytest.approx(-0.07)
    assert window.share_settled == 0.71
    assert WindowPerformance.model_validate_json(window.model_dump_json()) == window


@pytest.mark.parametrize("log_loss", [None, math.nan, math.inf])
def test_what_is_no_number_is_not_known(make_week, log_loss):
    window = make_week(0, log_loss=log_loss)

    assert window.log_loss is None
    assert window.log_loss_increase is None
    assert window.loss_over_base_rate is None


def test_a_harder_window_is_expected_to_cost_more(make_week):
    window = make_week(0, log_loss=0.63, base_rate_log_loss=0.72)

    assert window.expected_log_loss == pytest.approx(0.60)
    assert window.log_loss_increase == pytest.approx(0.03)


def test_an_empty_window_has_nothing_settled(make_week):
    assert make_week(0, None, rows=0, labelled=0, settled=0).share_settled == 0
