import pytest

from benchmarks.monitoring.river_detectors import RIVER
from mlops_platform.monitoring.performance.changes.find_changes import every_change
from tests.monitoring.performance.changes.test_find_changes import stream


@pytest.mark.parametrize(("name", "days"), [("page_hinkley", 14), ("adwin", 60), ("hddm", 30)])
def test_a_detector_of_river_finds_that_errors_have_risen(name: str, days: int) -> None:
    held_out, served = stream(1, 150 + days, rises_after=150, by=0.5)

    *_, (found, _) = every_change(RIVER[name](), held_out, served)

    assert 150 <= found < 150 + days


@pytest.mark.parametrize("name", RIVER)
def test_a_fall_of_the_errors_is_no_finding_of_river_either(name: str) -> None:
    assert list(every_change(RIVER[name](), *stream(3, 120, rises_after=60, by=-0.4))) == []
