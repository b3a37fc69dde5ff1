import pytest
from pydantic import ValidationError

from mlops_platform.spec import ChangeDetectionSpec, PerformanceSpec


def test_the_detector_that_decides_must_run():
    with pytest.raises(ValidationError, match="`decides: cusum` does not run; add it"):
        ChangeDetectionSpec(detectors=("adwin",))

    assert ChangeDetectionSpec(detectors=("adwin",), decides="adwin").decides == "adwin"


def test_no_detector_at_all_switches_detection_off():
    assert ChangeDetectionSpec(detectors=()).detectors == ()


@pytest.mark.parametrize(
    "declared",
    [
        {"detectors": ["kswin"]},
        {"block_rows": 1},
        {"cusum": {"decision_interval": 0}},
        {"hddm": {"confidence": 1}},
    ],
)
def test_what_no_detector_can_do_is_refused_by_name(declared):
    with pytest.raises(ValidationError, match=next(iter(declared))):
        PerformanceSpec(change_detection=declared)
