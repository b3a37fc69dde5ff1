"""When the demo sums up, and which windows it lives through."""

from datetime import date

from mlops_platform.cli.demo import FIRST_TRAINING, _is_summed_up, _windows
from mlops_platform.components.models import declared_spec
from mlops_platform.files import write_json
from mlops_platform.settings import Settings


def test_the_seventeen_weeks_follow_the_first_training_without_gap() -> None:
    windows = _windows(declared_spec("flight_delay"), 17)
    assert [windows[0].start, windows[-1].start] == [FIRST_TRAINING, date(2013, 7, 22)]
    assert [window.start for window in windows[1:]] == [window.end for window in windows[:-1]]


def test_a_call_that_died_before_it_summed_up_is_made_up_for(home: Settings) -> None:
    windows = _windows(declared_spec("flight_delay"), 2)
    assert not _is_summed_up([])
    write_json(home.demo / "summary.json", {"windows": [{"start": windows[0].name}]})
    assert not _is_summed_up(windows)
    assert _is_summed_up(windows[:1])
    assert _is_summed_up([])
