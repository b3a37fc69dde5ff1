"""What is told of the landing, how gravely, and the cure."""

from datetime import UTC, date, datetime, timedelta
from pathlib import Path

from mlops_platform.data.features.builds import StaleDays
from mlops_platform.data.features.seen import News
from mlops_platform.usecases.diagnosis.fault import Fault
from mlops_platform.usecases.diagnosis.landing import LandingFacts, faults_of_landing
from tests.usecases.diagnosis.typed_cures import require_typeable

NOW = datetime(2024, 4, 1, 9, tzinfo=UTC)
DAY = date(2024, 3, 5)
ROOT = Path("/lake/landing")
DELIVERY = "delivery=20240305T060000.000000Z"


def faults(**facts: object) -> list[Fault]:
    found = list(faults_of_landing(LandingFacts(ROOT, **facts), NOW))  # type: ignore[arg-type]
    for fault in found:
        require_typeable(fault, Path.cwd())
    return found


def stale(noticed_at: datetime, *days: date) -> StaleDays:
    return StaleDays(
        table="tides",
        day=DAY,
        delivery=DELIVERY,
        happened="arrived",
        changed=1,
        noticed_at=noticed_at,
        days=days,
    )


def test_of_a_landing_in_order_nothing_is_told() -> None:
    assert faults() == []


def test_days_are_stale_for_a_day_before_anybody_is_told() -> None:
    fresh = stale(NOW - timedelta(hours=23), DAY)
    assert faults(stale=(fresh,)) == []
    old = stale(NOW - timedelta(hours=25), DAY, DAY + timedelta(days=1))
    (fault,) = faults(stale=(fresh, old))
    assert fault.severity == "warning"
    assert "2 days are to be built again since 2024-03-31 08:00" in fault.what
    assert fault.where == "features, by tides of 2024-03-05"
    assert fault.cure.startswith("mlops rebuild ")


def test_a_day_that_is_gone_is_an_error_with_two_ways_out() -> None:
    (fault,) = faults(vanished={News("tides", DAY, DELIVERY, "vanished"): True})
    assert (fault.severity, fault.where) == ("error", "landing, tides of 2024-03-05")
    assert fault.cure == (
        "mlops rebuild   # lets it go; or first restore /lake/landing/tides/day=2024-03-05 from a "
        "backup"
    )


def test_a_delivery_that_is_gone_is_named() -> None:
    (fault,) = faults(vanished={News("tides", DAY, DELIVERY, "vanished"): False})
    assert DELIVERY in fault.what
    assert f"tides/day=2024-03-05/{DELIVERY} from a backup" in fault.cure


def test_a_day_that_cannot_be_verified_is_to_be_restored_or_landed_anew() -> None:
    (fault,) = faults(damaged={ROOT / "tides" / "day=2024-03-05": "its rows are others"})
    assert fault.severity == "error"
    assert fault.what == "cannot be verified: its rows are others"
    assert "mlops land tides --from 2024-03-05 --to 2024-03-05" in fault.cure


def test_files_of_others_wait_for_the_next_build() -> None:
    (fault,) = faults(foreign={"tides": 2})
    assert (fault.severity, fault.what) == ("information", "2 files are no delivery yet")
