import struct
from datetime import date

import pytest

from mlops_platform.drawing import STYLE, WIDTH
from mlops_platform.monitoring.performance.changes.find_changes import DetectorFinding
from mlops_platform.monitoring.performance.interval import Interval
from mlops_platform.monitoring.trend import DOTS_PER_INCH, drift_trend, performance_trend


def is_page_wide(image: bytes) -> bool:
    assert image.startswith(b"\x89PNG\r\n\x1a\n")
    width, height = struct.unpack(">II", image[16:24])
    assert 200 < height < 600
    return bool(width == WIDTH * DOTS_PER_INCH)


@pytest.mark.parametrize("weeks", [0, 1, 2, 17])
def test_any_number_of_windows_can_be_drawn(make_week, make_drift, weeks):
    windows = [
        make_week(number, 0.5 + number / 100, version=1 + number // 6, mature=number < 15)
        for number in range(weeks)
    ]

    assert is_page_wide(performance_trend(windows))
    assert is_page_wide(drift_trend([(one.start, make_drift(0.4)) for one in windows]))


def test_a_provisional_window_and_another_version_change_the_picture(make_week):
    windows = [make_week(number, 0.5) for number in range(3)]

    drawn = performance_trend(windows)

    assert performance_trend(windows) == drawn
    assert performance_trend([*windows[:2], make_week(2, 0.5, mature=False)]) != drawn
    assert performance_trend([*windows[:2], make_week(2, 0.5, version=2)]) != drawn
    assert performance_trend([*windows, make_week(3, None)]) == drawn


def test_intervals_estimates_and_changes_are_drawn(make_week):
    plain = [make_week(number) for number in range(3)]
    drawn = performance_trend(plain)
    interval = {"loss": Interval(lower=0.45, upper=0.55)}
    change = DetectorFinding(
        detector="cusum", decides=True, found=date(2013, 4, 9), since=date(2013, 4, 5)
    )

    for found in (
        {"intervals": interval},
        {"estimated_loss": 0.47},
        {"change_point": True, "changes": (change,)},
    ):
        assert performance_trend([*plain[:2], make_week(2, **found)]) != drawn


def test_an_alarm_changes_the_picture(make_drift):
    day = date(2013, 4, 1)

    assert drift_trend([(day, make_drift(0.4))]) != drift_trend(
        [(day, make_drift(0.4, alarm=True))]
    )


def test_drawing_leaves_the_callers_style_alone(make_drift):
    import matplotlib

    before = {name: matplotlib.rcParams[name] for name in STYLE}

    assert drift_trend([(date(2013, 4, 1), make_drift(0.1))])

    assert {name: matplotlib.rcParams[name] for name in STYLE} == before
