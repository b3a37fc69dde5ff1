"""When the demo sums up, and which windows it lives through."""

import logging
from datetime import date

import dagster as dg
import pytest

from mlops_platform.cli.demo import (
    FIRST_TRAINING,
    _is_summed_up,
    _keep_alerts_off_the_console,
    _windows,
)
from mlops_platform.components.models import declared_spec
from mlops_platform.files import write_json
from mlops_platform.notifying.log import logger as alerts_log
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


@dg.op
def act() -> None:
    """A step."""


@dg.job
def acting() -> None:
    act()


def test_no_page_is_written_over_the_progress_whatever_dagster_does_to_logging(
    capsys: pytest.CaptureFixture[str], caplog: pytest.LogCaptureFixture
) -> None:
    level = alerts_log.level
    try:
        _keep_alerts_off_the_console()
        acting.execute_in_process()
        capsys.readouterr()
        alerts_log.log(logging.ERROR, "NEW flight_delay: it moved")
        assert capsys.readouterr() == ("", "")
        assert "it moved" not in caplog.text
    finally:
        alerts_log.setLevel(level)
