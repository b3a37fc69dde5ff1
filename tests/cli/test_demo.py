"""What the demo keeps off the console."""

import logging

import dagster as dg
import pytest

from mlops_platform.cli.demo import alerts_off_the_console
from mlops_platform.notifying.log import logger as alerts_log


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
    with alerts_off_the_console():
        acting.execute_in_process()
        capsys.readouterr()
        alerts_log.log(logging.ERROR, "NEW flight_delay: it moved")
        assert capsys.readouterr() == ("", "")
        assert "it moved" not in caplog.text
    assert alerts_log.level == level
