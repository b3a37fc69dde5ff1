"""Which windows a replay lives through."""

from datetime import date

from mlops_platform.components.models import declared_spec
from mlops_platform.replay.replayed_model import windows_from


def test_windows_follow_each_other_without_gap() -> None:
    windows = windows_from(declared_spec("flight_delay"), date(2013, 4, 1), 17)
    assert [windows[0].start, windows[-1].start] == [date(2013, 4, 1), date(2013, 7, 22)]
    assert [window.start for window in windows[1:]] == [window.end for window in windows[:-1]]
