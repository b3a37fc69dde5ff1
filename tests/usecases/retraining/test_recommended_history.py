"""The recommended history is kept for the next training."""

from datetime import UTC, datetime
from pathlib import Path

import pytest

from mlops_platform.errors import DataError
from mlops_platform.monitoring.policy.history_choice import RecommendedHistory
from mlops_platform.usecases.retraining.recommended_history import (
    recommended_history,
    record_recommendation,
)


def test_the_newest_recommendation_of_a_model_counts(tmp_path: Path) -> None:
    assert recommended_history(tmp_path, "flight_delay") is None
    made_at = datetime(2013, 9, 2, 4, tzinfo=UTC)
    for days in (None, 90):
        recommended = RecommendedHistory(days=days, made_at=made_at)
        record_recommendation(tmp_path, "flight_delay", recommended)
        assert recommended_history(tmp_path, "flight_delay") == recommended
    assert recommended_history(tmp_path, "another") is None


def test_a_damaged_recommendation_is_refused_with_its_cure(tmp_path: Path) -> None:
    recommended = RecommendedHistory(days=90, made_at=datetime(2013, 9, 2, tzinfo=UTC))
    record_recommendation(tmp_path, "flight_delay", recommended)
    (file,) = tmp_path.rglob("*.json")
    file.write_text("{")
    with pytest.raises(DataError, match="policy_backtest again, or delete the file"):
        recommended_history(tmp_path, "flight_delay")
