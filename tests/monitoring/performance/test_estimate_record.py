import pytest

from mlops_platform.monitoring.performance.estimate_record import estimate_record


def test_the_record_tells_by_how_much_estimates_were_wrong_and_what_they_were_worth(make_week):
    record = estimate_record(
        [
            make_week(0, 0.55, estimated_loss=0.53),
            make_week(1, 0.60, estimated_loss=0.61),
            make_week(2, 0.90, estimated_loss=0.50, mature=False),
            make_week(3, 0.70),
            make_week(4, None, estimated_loss=0.50),
        ]
    )

    assert record.windows == 2
    assert record.mean_error == pytest.approx(-0.005)
    assert record.mean_absolute_error == pytest.approx(0.015)
    assert record.without_estimate == pytest.approx(0.075)


def test_before_a_window_has_matured_there_is_no_record(make_week):
    assert estimate_record([]) is None
    assert estimate_record([make_week(0, estimated_loss=0.5, mature=False)]) is None
