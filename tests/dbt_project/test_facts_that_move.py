"""Whatever is delivered, corrected, taken back and built, in any order: the tables are right."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, time, timedelta
from typing import TYPE_CHECKING, Any

import pandas as pd
import pytest
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from mlops_platform.data.features.builds import Builds, Project
from mlops_platform.data.features.stretches import contiguous
from tests.dbt_project.conftest import Deployment
from tests.dbt_project.facts_in_motion import (
    CARRIERS,
    ORIGINS,
    OUTCOMES,
    RATES,
    SCHEDULES,
    START,
    TAILS,
    Day,
    Row,
    World,
    features_of,
    labels_at,
)

if TYPE_CHECKING:
    from pathlib import Path

    from dbt.contracts.graph.manifest import Manifest

# More than the 28 days of the longest window apart, and close to each other.
DAYS = [START + timedelta(days=number) for number in (0, 1, 2, 3, 20, 33, 34)]
FLIGHTS = 4
MARTS = ("flight_features", "flight_labels")
ONLY_MARTS = ("--select", *(f"+{mart}" for mart in MARTS))
PROJECT = Project(
    sources=("airports", "flight_outcomes", "flight_schedules", "planes", "weather"),
    tables=MARTS,
    reach_days=29,
)


@dataclass(frozen=True)
class Step:
    """One thing that happens: the choices are numbers, so that any sequence can happen."""

    what: str
    day: int
    flight: int
    value: int
    hours: int


STEPS = st.builds(
    Step,
    what=st.sampled_from(
        (
            *("land", "land", "correct", "correct", "retract", "add", "reschedule", "other_day"),
            *("erase", "forget", "build", "build"),
        )
    ),
    day=st.integers(0, len(DAYS) - 1),
    flight=st.integers(0, FLIGHTS - 1),
    value=st.integers(0, 40),
    hours=st.integers(0, 60),
)


def schedule(day: date, number: int, value: int = 0) -> Row:
    departure = datetime.combine(day, time(14 + number), UTC) + timedelta(minutes=7 * value)
    return {
        "flight_id": f"{day}-{number}",
        "carrier": CARRIERS[(number + value) % 2],
        "flight_number": number,
        "tail_number": TAILS[(number + value) % 3],
        "origin": ORIGINS[number % 2],
        "destination": "IAH",
        "scheduled_departure_at": departure,
        "scheduled_arrival_at": departure + timedelta(hours=3),
        "distance_miles": 1400,
    }


def outcome(day: date, number: int, delay: int, known_day: date | None = None) -> Row:
    arrived = datetime.combine(known_day or day, time(18 + number), UTC) + timedelta(minutes=delay)
    cancelled = delay % 7 == 6
    return {
        "flight_id": f"{day}-{number}",
        "status": "cancelled" if cancelled else "arrived",
        "departed_at": None,
        "arrived_at": None if cancelled else arrived,
        "departure_delay_minutes": None,
        "arrival_delay_minutes": None if cancelled else delay,
        "air_time_minutes": None,
        "known_at": arrived,
    }


@dataclass
class Play:
    """A world, and the deployment that builds it step by step."""

    world: World
    deployment: Deployment
    landed: int = 0

    def land(self) -> None:
        """The source delivers the next day when it ends; some flights are lacking at first."""
        if self.landed == len(DAYS):
            return
        day = DAYS[self.landed]
        flights = [number for number in range(FLIGHTS) if (number + self.landed) % 4]
        self.world.now = max(self.world.now, datetime.combine(day, time(23), UTC))
        rows = {row["flight_id"]: row for row in (schedule(day, n) for n in flights)}
        self.world.deliver(SCHEDULES, day, rows)
        rows = {row["flight_id"]: row for row in (outcome(day, n, 10 * n) for n in flights[1:])}
        self.world.deliver(OUTCOMES, day, rows)
        self.landed += 1

    def take(self, step: Step) -> None:
        """Let one thing happen, `hours` after the last one."""
        if step.what == "land":
            self.land()
            return
        self.world.now += timedelta(hours=step.hours)
        place = step.day % self.landed
        day = DAYS[place]
        if step.what == "build":
            self.build((day, DAYS[max(place, self.landed - 1 - step.flight)]))
            return
        if step.what == "erase":
            self.world.erase(OUTCOMES, f"{day}-{step.flight}")
        elif step.what == "forget":
            self.world.forget(OUTCOMES, day)
        elif step.what == "add":
            row = outcome(day, step.flight, step.value)
            self.world.add(OUTCOMES, day, {row["flight_id"]: row})
        else:
            table = SCHEDULES if step.what == "reschedule" else OUTCOMES
            rows = self._changed(step, self.world.present(table, day), place)
            self.world.deliver(table, day, rows)

    def _changed(self, step: Step, rows: Day, place: int) -> Day:
        day, number = DAYS[place], step.flight
        flight = f"{day}-{number}"
        taken_back = step.what == "reschedule" and step.value % 5 == 0
        if step.what == "retract" or taken_back:
            rows.pop(flight, None)
        elif step.what == "reschedule":
            rows[flight] = schedule(day, number, step.value)
        elif step.what == "other_day":
            # A correction that is delivered as a fact of its own day.
            earlier = DAYS[step.value % (place + 1)]
            rows[f"{earlier}-{number}"] = outcome(earlier, number, step.value, day)
        else:
            rows[flight] = outcome(day, number, step.value)
        return rows

    def build(self, days: tuple[date, date]) -> None:
        """Build some days, and note it, as the platform does."""
        bounds = {"start_day": str(days[0]), "end_day": str(days[1])}
        assert self.builds.begin(PROJECT, self.world.now, bounds) == bounds
        self.deployment.build_models(days, *ONLY_MARTS)
        self.builds.end()

    def catch_up(self) -> None:
        """Land what is left; build what never was, and what is stale, the later days first."""
        while self.landed < len(DAYS):
            self.land()
        state = self.builds.notice(self.world.now)
        lacking = set(DAYS) - set(state.built) | set(state.stale_days) if state else DAYS
        for days in reversed(contiguous(lacking)):
            self.build(days)

    @property
    def builds(self) -> Builds:
        """What builds have covered."""
        return Builds(self.world.landing, self.deployment.lake / "features")


def rows_of(deployment: Deployment, mart: str) -> pd.DataFrame:
    return deployment.query(f"FROM {mart} ORDER BY ALL")


@pytest.mark.slow
@settings(
    max_examples=2,
    # A build takes a second, and a play ten of them: to shrink a failure would take an hour.
    phases=[Phase.explicit, Phase.reuse, Phase.generate],
    suppress_health_check=[HealthCheck.too_slow],
)
@given(steps=st.lists(STEPS, min_size=8, max_size=20), moments=st.lists(st.integers(0, 2500)))
def test_what_is_built_is_what_was_known(
    steps: list[Step],
    moments: list[int],
    parsed: tuple[Manifest, Path],
    tmp_path_factory: pytest.TempPathFactory,
) -> None:
    home = tmp_path_factory.mktemp("world")
    deployment = Deployment(home, parsed[0])
    play = Play(World(deployment.lake / "landing"), deployment)
    play.world.land_references()
    play.land()
    for step in steps:
        play.take(step)
    play.catch_up()

    at_once = replace(deployment, home=tmp_path_factory.mktemp("at_once"))
    at_once.lake.symlink_to(deployment.lake)
    at_once.build_models(None, *ONLY_MARTS)
    for mart in MARTS:
        pd.testing.assert_frame_equal(
            rows_of(deployment, mart), rows_of(at_once, mart), check_exact=True
        )
    assert_features_are_right(deployment, play.world)
    for hours in (*moments, 0, 24, 10_000):
        assert_labels_are_right(deployment, play.world, hours)


def assert_features_are_right(deployment: Deployment, world: World) -> None:
    columns = ("event_time", "carrier", "superseded_at", *RATES)
    built = {
        (row["flight_id"], row["local_date"].date()): {
            name: None if pd.isna(row[name]) else row[name] for name in columns
        }
        for row in deployment.query("FROM flight_features").to_dict("records")
    }
    assert built == features_of(world)


def assert_labels_are_right(deployment: Deployment, world: World, hours: int) -> None:
    moment = datetime.combine(START, time(), UTC) + timedelta(hours=hours)
    built: dict[str, Any] = {
        row["flight_id"]: (
            row["local_date"].date(),
            row["status"],
            None if pd.isna(row["arrival_delay_minutes"]) else int(row["arrival_delay_minutes"]),
        )
        for row in deployment.query(
            f"FROM flight_labels WHERE known_at <= '{moment}' "
            f"AND coalesce(superseded_at > '{moment}', true)"
        ).to_dict("records")
    }
    assert built == labels_at(world, moment)
