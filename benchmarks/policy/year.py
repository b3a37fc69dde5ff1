"""The whole year of flights: features and labels by dbt, cut into the weeks that are replayed."""

from __future__ import annotations

from datetime import date, datetime, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

import pandas as pd

from benchmarks.bare_data import build_features, land
from mlops_platform.components.models import declared_spec
from mlops_platform.data.features.features import read_training_rows
from mlops_platform.data.windows import Window
from mlops_platform.spec import ModelSpec

LAST_DAY = date(2014, 1, 1)
FIRST_WINDOW, WINDOWS = date(2013, 4, 1), 39
ALL_KNOWN = datetime(2014, 1, 31, tzinfo=ZoneInfo("America/New_York"))


def flight_spec() -> ModelSpec:
    """The demo's model, trained on all that is known."""
    spec = declared_spec("flight_delay")
    history = spec.training.history.with_days(None)
    training = spec.training.model_copy(update={"history": history})
    return spec.model_copy(update={"training": training})


def replayed_weeks(spec: ModelSpec) -> list[Window]:
    """April to December."""
    starts = (FIRST_WINDOW + timedelta(weeks=at) for at in range(WINDOWS))
    return [
        Window(start=start, end=start + timedelta(weeks=1), timezone=spec.window.timezone)
        for start in starts
    ]


def year_of_outcomes(spec: ModelSpec, home: Path) -> pd.DataFrame:
    """Every labelled flight before the last week's end, by event time; built once per home."""
    published = home / "lake" / "features"
    if not published.is_dir():
        (home / "warehouse").mkdir(parents=True, exist_ok=True)
        land(home, LAST_DAY)
        build_features(home)
    rows = read_training_rows(spec, published, ALL_KNOWN).to_pandas()
    before = pd.to_datetime(rows[spec.features.partition]) < pd.Timestamp(
        replayed_weeks(spec)[-1].end
    )
    return rows[before].reset_index(drop=True)
