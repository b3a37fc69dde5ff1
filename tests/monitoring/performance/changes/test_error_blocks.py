from datetime import date
from math import log

import numpy as np
import pytest

from mlops_platform.monitoring.performance.changes.error_blocks import ErrorBlock, error_blocks

DAYS = np.array(["2013-04-01"] * 3 + ["2013-04-02"] * 2, dtype="datetime64[D]")
LOSSES = np.array([0.1, 0.2, 0.3, 1.0, 2.0])
BASE_RATE = np.array([0.5, 0.5, 0.8, 0.4, 0.4])


def test_every_day_is_a_block():
    first, second = error_blocks(DAYS, LOSSES, BASE_RATE, None)

    assert (first.day, first.rows) == (date(2013, 4, 1), 3)
    assert first.loss == pytest.approx(0.2)
    assert first.baseline_loss == pytest.approx(0.6)
    assert second.relative_loss() == pytest.approx(log(1.5 / 0.4))


def test_blocks_of_rows_go_over_midnight_and_leave_an_incomplete_one_out():
    first, second = error_blocks(DAYS, LOSSES, BASE_RATE, 2)

    assert (first.day, second.day) == (date(2013, 4, 1), date(2013, 4, 2))
    assert second.loss == pytest.approx(0.65)
    assert error_blocks(DAYS, LOSSES, BASE_RATE, 6) == ()


def test_a_champion_without_a_loss_has_a_relative_loss_all_the_same():
    perfect = ErrorBlock(day=date(2013, 4, 1), rows=9, loss=0.0, baseline_loss=0.5)

    assert perfect.relative_loss() < -20


@pytest.mark.parametrize("block_rows", [None, 20])
def test_no_rows_are_no_blocks(block_rows):
    empty = np.array([])

    assert error_blocks(empty.astype("datetime64[D]"), empty, empty, block_rows) == ()
