"""The history that the newest policy backtest recommends, kept for the next training."""

from pathlib import Path

from pydantic import ValidationError

from mlops_platform.errors import DataError
from mlops_platform.files import write_text
from mlops_platform.monitoring.policy.history_choice import RecommendedHistory


def record_recommendation(records: Path, model: str, recommended: RecommendedHistory) -> None:
    """Keep a recommendation; it replaces the one before."""
    write_text(_file(records, model), recommended.to_stored())


def recommended_history(records: Path, model: str) -> RecommendedHistory | None:
    """The newest recommendation, None before the first backtest.

    Raises:
        DataError: the file was damaged.
    """
    file = _file(records, model)
    if not file.is_file():
        return None
    try:
        return RecommendedHistory.from_stored(file.read_bytes())
    except ValidationError as error:
        raise DataError(
            f"{file} is damaged. Materialise {model}/policy_backtest again, or delete the file to "
            "train on all that is known."
        ) from error


def _file(records: Path, model: str) -> Path:
    return records / "recommended_history" / f"{model}.json"
