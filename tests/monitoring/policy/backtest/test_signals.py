from collections.abc import Callable

import numpy as np
import pytest

from mlops_platform.monitoring.policy.backtest.past import Past
from mlops_platform.monitoring.policy.backtest.signals import history_at
from mlops_platform.monitoring.policy.backtest.walk import Attempted, Standing

MakePast = Callable[..., Past]


@pytest.fixture
def standing(make_past: MakePast) -> Standing:
    past = make_past(np.full((6, 6), 0.55))
    return Standing(past, 4, (0, 0, 2, 2), (Attempted(2, True), Attempted(3, False)))


def test_the_last_window_is_as_provisional_as_it_was(standing: Standing) -> None:
    windows = history_at(standing).windows
    assert [one.labelled for one in windows] == [70, 70, 70, 60]
    assert [one.mature for one in windows] == [True, True, True, False]


def test_a_longer_label_delay_hides_more_of_the_last_windows(make_past: MakePast) -> None:
    past = make_past(np.full((6, 6), 0.55), label_delay_days=9)
    windows = history_at(Standing(past, 4, (0,) * 4, ())).windows
    assert [one.labelled for one in windows] == [70, 70, 50, 0]
    assert windows[-1].losses.loss is None


def test_windows_are_told_with_the_fit_that_served_them(standing: Standing) -> None:
    history = history_at(standing)
    assert history.champion_version == 2
    assert [one.version for one in history.windows] == [0, 0, 2, 2]
    assert [one.window for one in history.own_windows()] == ["2013-04-15", "2013-04-22"]


def test_the_figures_are_those_that_monitoring_would_have_found(standing: Standing) -> None:
    losses = history_at(standing).windows[0].losses
    assert losses.loss == pytest.approx(0.55)
    # Baseline 0.6 on the window as on the test: as hard, so that the test's 0.5 is promised.
    assert losses.promised_loss == pytest.approx(0.5)
    assert losses.loss_increase == pytest.approx(0.05)


def test_rejected_retrainings_count_as_attempts(standing: Standing) -> None:
    history = history_at(standing)
    assert [one.outcome for one in history.retrainings] == ["promote", "promote", "reject"]
    assert history.last_attempt is not None
    assert history.last_attempt.window == "2013-04-15"


def test_rows_are_new_if_their_labels_came_after_the_last_training(standing: Standing) -> None:
    # The last training, after window 2, did not know that window's last day.
    assert history_at(standing).new_rows == 70
