"""Figures of alerts are scikit-learn's, and those of episodes a walk through the hours."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from sklearn.metrics import average_precision_score, precision_score, recall_score

from mlops_platform.tasks import Predictions
from mlops_platform.tasks.anomaly_detection.episodes import episodes_of
from tests.tasks.anomaly_detection.conftest import detector

SEEDS = st.integers(0, 10_000)
START = np.datetime64("2024-01-01T00", "h")


def stated(seed: int, count: int = 60) -> tuple[np.ndarray, Predictions]:
    """Labels of which a fifth is not known, and what somebody says of their rows."""
    random = np.random.default_rng(seed)
    targets = random.choice([0.0, 1.0, np.nan], count, p=[0.6, 0.2, 0.2])
    targets[:2] = 0.0, 1.0
    scores = random.normal(size=count).round(1)  # with ties
    columns = {
        "score": scores,
        "decision": scores >= 1.0,
        "p_value": random.random(count),
        "contrast": random.random(count),
    }
    moments = START + random.integers(0, 200, count) * np.timedelta64(1, "h")
    weights = random.uniform(0.5, 2, count) if seed % 2 else None
    return targets, Predictions(columns, weights, moments)


@given(seed=SEEDS)
def test_metrics_of_labelled_rows_are_those_of_scikit_learn(seed: int) -> None:
    targets, said = stated(seed)
    known = ~np.isnan(targets)
    labels, weights = targets[known], None if said.weights is None else said.weights[known]

    metrics = detector().measure(targets, said)

    alerts, scores = said["decision"][known], said["score"][known]
    assert metrics["average_precision"] == pytest.approx(
        average_precision_score(labels, scores, sample_weight=weights)
    )
    assert metrics["precision_at_budget"] == pytest.approx(
        precision_score(labels, alerts, sample_weight=weights, zero_division=0)
    )
    assert metrics["recall_at_budget"] == pytest.approx(
        recall_score(labels, alerts, sample_weight=weights)
    )
    costs = 10.0 * ((labels == 1) & ~alerts) + 1.0 * ((labels == 0) & alerts)
    assert metrics["alert_cost"] == pytest.approx(np.average(costs, weights=weights))
    assert metrics["alert_rate"] == pytest.approx(said.mean_of(said["decision"]))


def waits(anomalies: np.ndarray, alerts: np.ndarray, hours: np.ndarray, gap: float) -> list[float]:
    """Hour by hour: of each episode the hours until its first alert, or all of them."""
    order = [at for at in np.argsort(hours, kind="stable") if anomalies[at]]
    episodes: list[list[int]] = []
    for at in order:
        if not episodes or hours[at] - hours[episodes[-1][-1]] > gap:
            episodes.append([])
        episodes[-1].append(at)
    waited = []
    for episode in episodes:
        alerted = [at for at in episode if alerts[at]]
        last = alerted[0] if alerted else episode[-1]
        waited.append(float(hours[last] - hours[episode[0]]))
    return waited


@given(seed=SEEDS, gap=st.floats(0.5, 30))
def test_the_time_to_detect_is_that_of_a_walk_through_the_hours(seed: int, gap: float) -> None:
    targets, said = stated(seed)
    assert said.moments is not None
    hours = (said.moments - START).astype(int)

    expected = waits(targets == 1, said["decision"], hours, gap)
    found = episodes_of(targets == 1, said["decision"], said.moments, gap)

    assert found.waited.tolist() == pytest.approx(expected)
    assert found.anomalies.sum() == (targets == 1).sum()
    metrics = detector(episode_gap_hours=gap).measure(targets, said)
    assert metrics["time_to_detect"] == pytest.approx(np.mean(expected))


def test_without_a_label_what_needs_none_is_measured() -> None:
    targets, said = stated(1)
    nothing = np.full(len(targets), np.nan)

    for loss in ("alert_cost", "contrast"):
        assert set(detector(loss=loss).measure(nothing, said)) == {"contrast", "alert_rate"}


@pytest.mark.filterwarnings("error")
def test_a_window_whose_labels_have_not_come_has_no_losses() -> None:
    targets, said = stated(5)
    task, nobody = detector(), np.zeros(len(said), dtype=bool)

    losses = task.baseline_losses(targets[nobody], {"alert_share": 0.1}, said.rows(nobody))

    assert losses.shape == (0,)


def test_a_window_without_anomalies_still_costs_its_alerts() -> None:
    _, said = stated(2)
    normal = np.zeros(len(said))

    metrics = detector().measure(normal, said.weighted(None))

    assert metrics["alert_cost"] == said["decision"].mean()
    assert "recall_at_budget" not in metrics


def test_versions_agree_with_themselves_and_not_with_noise() -> None:
    _, said = stated(3, 500)
    _, other = stated(4, 500)
    figures = {n: m.compute(said, said) for n, m in detector().version_metrics.items()}
    noise = {n: m.compute(said, other) for n, m in detector().version_metrics.items()}

    assert figures == pytest.approx({"rank_agreement": 1.0, "shared_alerts": 1.0})
    assert abs(noise["rank_agreement"]) < 0.2
    assert noise["shared_alerts"] < 0.3
