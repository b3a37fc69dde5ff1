"""What the published tables came from, and what had arrived but is not in them."""

from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import pyarrow as pa
import pytest

from mlops_platform.data.features.builds import Builds, Project
from mlops_platform.data.features.kept_projects import KeptProjects
from mlops_platform.data.features.origin import FactsOrigin, origin_of_published
from mlops_platform.data.landing.landed_table import LandedTable
from mlops_platform.data.landing.landing import Arrival, land_day

NOW = datetime(2024, 3, 3, 5, tzinfo=UTC)
DAY, NEXT = date(2024, 3, 1), date(2024, 3, 2)
VISITS = LandedTable(table="visits", key=("visit",))
PROJECT = Project(sources=("visits",), tables=("visits",), reach_days=0)


class Lake:
    def __init__(self, root: Path) -> None:
        self.root = root
        self.builds = Builds(root / "landing", root / "features")

    def land(self, day: date, pain: int, minutes: int) -> None:
        at = NOW + timedelta(minutes=minutes)
        arrival = Arrival.begun(self.root / "landing", "visits", [day], at)
        rows = pa.table({"visit": ["a"], "pain": [pain]})
        land_day(self.root / "landing", VISITS, day, rows, arrival)

    def build(self) -> None:
        self.builds.begin(PROJECT, NOW, {})
        self.builds.end()

    @property
    def origin(self) -> FactsOrigin:
        return origin_of_published(self.root, self.builds, NOW)

    @property
    def unbuilt(self) -> list[date]:
        return [one.day for one in self.origin.unbuilt]


@pytest.fixture
def lake(tmp_path: Path) -> Lake:
    lake = Lake(tmp_path)
    lake.land(DAY, 1, 0)
    return lake


def test_before_the_first_build_nothing_is_said(lake: Lake) -> None:
    assert lake.origin == FactsOrigin(recorded_at=NOW, built_with=None)


def test_it_names_what_the_last_build_ran_with(lake: Lake) -> None:
    KeptProjects(lake.root).keep(lake.root / "nowhere", "ab", {})
    assert lake.origin.built_with is not None
    assert lake.origin.built_with.dbt_project == "ab"


def test_what_arrives_after_a_build_is_not_in_the_tables_until_the_next_one(lake: Lake) -> None:
    lake.build()
    assert lake.unbuilt == []
    lake.land(NEXT, 1, 5)
    lake.land(DAY, 2, 5)
    assert lake.unbuilt == [DAY, NEXT]
    lake.builds.notice(NOW)
    assert lake.unbuilt == [DAY, NEXT]
    lake.build()
    assert lake.unbuilt == []
