"""A copy of the project whose landing reads synthetic facts instead of those of 2013."""

from __future__ import annotations

import re
import shutil
from pathlib import Path
from typing import Any, Final

import yaml

from benchmarks.definitions_load import copy_project

LAST_DAY: Final = "2014-01-02"
KEYS: Final = {
    "flight_schedules": ("scheduled_departure_at", ["flight_id"], None),
    "flight_outcomes": ("known_at", ["flight_id"], "known_at"),
    "weather": ("observed_at", ["observed_at", "origin"], "observed_at"),
    "planes": ("registered_at", ["tail_number"], None),
    "airports": ("registered_at", ["airport"], None),
    "airlines": ("registered_at", ["carrier"], None),
}
"""Of each landed table the column of its day, its key, and that of when a fact was known."""
TRIALS, MOST_ROWS = 2, 100_000


def make_project(folder: Path, facts: Path, training_rows: int | None = MOST_ROWS) -> None:
    """Copy it, declare the landing of the facts, and make its model cheap to train.

    Args:
        training_rows: what the YAML says of `training.max_rows`.
    """
    copy_project(folder)
    defs = folder / "mlops_platform" / "defs" / "flights"
    for name in ("landing_flights", "landing_weather", "arrival_delay"):
        shutil.rmtree(defs / name)
    for table in KEYS:
        _write_yaml(defs / f"landing_{table}" / "defs.yaml", _landing(table, facts))
    file = defs / "flight_delay" / "defs.yaml"
    text = file.read_text(encoding="utf-8")
    text = re.sub(
        r"trials: \d+, folds: \d+, max_rows: \d+",
        f"trials: {TRIALS}, folds: 2, max_rows: 40000",
        text,
    )
    # Nobody judges synthetic lateness.
    text = re.sub(r"^    limits:.*\n", "", text, flags=re.M)
    if training_rows is not None:
        text = text.replace("  training:\n", f"  training:\n    max_rows: {training_rows}\n", 1)
    file.write_text(text, encoding="utf-8")


def _landing(table: str, facts: Path) -> dict[str, Any]:
    moment, key, known_at = KEYS[table]
    return {
        "type": "mlops_platform.components.FolderLandingComponent",
        "attributes": {
            "table": table,
            "description": "Synthetic.",
            "folder": str(facts / table),
            "pattern": "*.parquet",
            "time_column": moment,
            "partitions": {"start": "2013-01-01", "end": LAST_DAY, "timezone": "America/New_York"},
            "key": key,
            **({"known_at": known_at} if known_at else {}),
            "owners": ["team:data-platform"],
        },
    }


def _write_yaml(file: Path, content: dict[str, Any]) -> None:
    file.parent.mkdir(parents=True)
    file.write_text(yaml.safe_dump(content, sort_keys=False), encoding="utf-8")
