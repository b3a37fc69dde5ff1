"""Steps of any size, late facts and repeated days give what one full refresh gives."""

from __future__ import annotations

from dataclasses import replace
from datetime import date, timedelta
from typing import TYPE_CHECKING

import pandas as pd
import pytest

if TYPE_CHECKING:
    from pathlib import Path

    from tests.dbt_project.conftest import Copier, Deployment

MARTS = ("flight_features", "flight_labels")
STEPS = [
    (date(2013, 2, 1), date(2013, 2, 9)),
    (date(2013, 2, 10), date(2013, 2, 10)),
    (date(2013, 2, 11), date(2013, 2, 24)),
    (date(2013, 2, 11), date(2013, 2, 24)),
    (date(2013, 2, 25), date(2013, 3, 4)),
    # More than 28 days after the first: what the lookback leaves out would be missed.
    (date(2013, 3, 5), date(2013, 3, 12)),
    (date(2013, 2, 10), date(2013, 2, 10)),
]
LATE = "hash(flight_id) % 40 = 0"


@pytest.mark.slow
def test_incremental_steps_equal_a_full_refresh(
    winter: Deployment, copied: Copier, tmp_path: Path
) -> None:
    steps = copied(winter)
    for day in (date(2013, 2, 5), date(2013, 2, 11), date(2013, 2, 20)):
        delay_outcomes(steps, day, timedelta(days=19))
    at_once = replace(steps, home=tmp_path / "at_once")
    at_once.home.mkdir()
    at_once.lake.symlink_to(steps.lake)

    at_once.build_models()
    first, *later = STEPS
    steps.build_models(first, "--full-refresh")
    for step in later:
        steps.build_models(step)

    for mart in MARTS:
        built, expected = (rows_of(deployment, mart) for deployment in (steps, at_once))
        pd.testing.assert_frame_equal(built, expected, check_exact=True)
    late = steps.query("FROM flight_labels WHERE known_at::DATE - local_date > 15")
    assert len(late) > 30
    assert late["is_late"].notna().any()


def delay_outcomes(deployment: Deployment, day: date, delay: timedelta) -> None:
    """Let some outcomes of `day` become known, and be landed, later."""
    here = deployment.partition("flight_outcomes", day)
    deployment.change_landing(
        "flight_outcomes",
        day + delay,
        "FROM rows UNION ALL "
        f"SELECT * REPLACE (known_at + INTERVAL {delay.days} DAY AS known_at) "
        f"FROM read_parquet('{here}', hive_partitioning = false) WHERE {LATE}",
    )
    deployment.change_landing("flight_outcomes", day, f"FROM rows WHERE NOT {LATE}")


def rows_of(deployment: Deployment, mart: str) -> pd.DataFrame:
    return deployment.query(f"FROM {mart} ORDER BY flight_id")
