"""What a replay of any model tells, in the words of its task."""

from pathlib import Path
from typing import Any

import pytest

from mlops_platform.components.models import declared_spec
from mlops_platform.replay.summary import summary_lines
from mlops_platform.replay.text_tables import tables_text
from mlops_platform.replay.words import Words
from mlops_platform.settings import Settings

WINDOW = {
    "start": "2013-04-01",
    "version": 1,
    "rows": 100,
    "mature": True,
    "loss_served": 0.5,
    "loss_frozen": 0.5,
    "loss_baseline": 0.6,
    "drift_share": 0.0,
    "drift_alarm": False,
    "decision": "wait",
    "reason": "Fine.",
}
SUMMARY: dict[str, Any] = {
    "model": "delay",
    "version": 1,
    "release": 1,
    "bento_tag": "delay:v1",
    "winner": "linear",
    "search_metric": "absolute_error",
    "candidates": {"linear": 0.49},
    "training_set": {
        "hash": "37dbfa064c4af008",
        "rows": 7827,
        "mean_target": 12.34567,
        "first_day": "2013-01-01",
        "last_day": "2013-03-31",
    },
    "test": {"rows": 6351, "loss": 0.3511, "baseline_loss": 0.4089},
    "reason": "Promoted.",
    "gate": [{"name": "limits", "passed": True, "found": "fine"}],
    "parity": {"rows": 20_000, "max_difference": 0.0},
    "champion": {"version": 1, "bento_tag": "delay:v1"},
    "seconds": {"land": 2.6},
    "windows": [WINDOW],
    "retrainings": [],
}


def test_a_model_of_any_task_is_told_in_its_own_words(home: Settings, tmp_path: Path) -> None:
    words = Words.of(declared_spec("arrival_delay"))
    text = "\n".join(summary_lines(SUMMARY, [], words, tmp_path))
    assert "Trained on 7,827 rows from 2013-01-01 to 2013-03-31, mean target 12.35." in text
    assert f"of the {words.baseline} 0.4089" in text
    assert "all windows" in text
    assert f"less {tmp_path / 'summary.txt'}" in text
    assert "flights" not in text
    assert words.loss in tables_text(SUMMARY, words)


@pytest.mark.parametrize("loss", ["log loss", "mean absolute error"])
def test_columns_stay_in_line_however_long_the_name_of_the_loss_is(
    home: Settings, tmp_path: Path, loss: str
) -> None:
    lines = summary_lines(SUMMARY, [], Words(loss=loss, baseline="median"), tmp_path)
    (heading,) = [line for line in lines if line.split()[1:3] == ["by", "served"] or " by " in line]
    (row,) = [line for line in lines if line.startswith("  2013-04-01")]
    assert heading.index("by") == row.index("v1")


def test_a_window_without_rows_has_no_drift(home: Settings, tmp_path: Path) -> None:
    empty = {**WINDOW, "rows": 0, "drift_share": None, "drift_alarm": None}
    empty |= dict.fromkeys(("loss_served", "loss_frozen", "loss_baseline"))
    words = Words(loss="log loss", baseline="base rate")
    assert "2013-04-01" in tables_text({**SUMMARY, "windows": [empty]}, words)
