"""What should arrive, and whether it does."""

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta

import pytest

from mlops_platform.spec import AlertingSpec, ModelSpec, WindowSpec
from mlops_platform.usecases.incidents.heartbeats import Arrivals, missed_heartbeats

MONDAY = datetime(2024, 1, 15, tzinfo=UTC)
"""Two windows have ended; the first release came within the first of them."""
HOUR = timedelta(hours=1)


@pytest.fixture
def arrivals() -> Arrivals:
    return Arrivals(
        machine_now=MONDAY,
        watched_since=MONDAY - 24 * HOUR,
        released_at=datetime(2024, 1, 3, tzinfo=UTC),
        measured=["2024-01-01", "2024-01-08"],
        ticked_at={"retrain_churn": MONDAY - HOUR / 60},
        logged_at=MONDAY - HOUR / 60,
    )


def failing(
    arrivals: Arrivals, now: datetime = MONDAY, **heartbeats: float | None
) -> dict[str, str]:
    """Summaries by check; severities where they are no pages."""
    declared = {"heartbeats": {"prediction_minutes": 10, **heartbeats}}
    spec = ModelSpec.model_construct(
        name="churn",
        window=WindowSpec(start=date(2024, 1, 1), timezone="UTC"),
        alerting=AlertingSpec.model_validate(declared),
    )
    looked = list(missed_heartbeats(spec, arrivals, now))
    assert len(looked) == 3
    return {one.check: one.summary for one in looked if one.severity == "page"}


def test_what_arrives_is_fine(arrivals: Arrivals) -> None:
    assert failing(arrivals, MONDAY + 48 * HOUR) == {}


def test_windows_are_late_by_the_clock_of_the_deployment(arrivals: Arrivals) -> None:
    missing = replace(arrivals, measured=["2024-01-01"])
    assert failing(missing, MONDAY + 23 * HOUR) == {}
    (summary,) = failing(missing, MONDAY + 24 * HOUR).values()
    assert summary.startswith("1 window not measured 24 hours after the end; the first, 2024-01-08")


def test_before_the_first_release_no_window_is_due(arrivals: Arrivals) -> None:
    assert failing(replace(arrivals, released_at=None, measured=[]), MONDAY + 99 * HOUR) == {}


def test_sensors_and_predictions_are_late_by_the_clock_of_the_machine(arrivals: Arrivals) -> None:
    late = replace(arrivals, machine_now=MONDAY + HOUR)
    assert set(failing(late)) == {
        "heartbeats/sensors_tick",
        "heartbeats/predictions_are_logged",
    }


def test_what_started_with_the_watch_gets_time(arrivals: Arrivals) -> None:
    late = replace(arrivals, machine_now=MONDAY + HOUR, watched_since=MONDAY + 0.9 * HOUR)
    assert failing(late) == {}


def test_what_is_switched_off_is_not_watched(arrivals: Arrivals) -> None:
    late = replace(arrivals, machine_now=MONDAY + HOUR, measured=[])
    off = dict.fromkeys(("window_hours", "sensor_minutes", "prediction_minutes"))
    assert failing(late, MONDAY + 99 * HOUR, **off) == {}
