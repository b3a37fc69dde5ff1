import pytest
from pydantic import ValidationError

from mlops_platform.spec import ChangeDetectionSpec, PerformanceSpec


def test_the_detector_that_decides_must_run():
    with pytest.raises(ValidationError, match="`decides: cusum` does not run; add it"):
        ChangeDetectionSpec(detectors=("rolling",))

    assert ChangeDetectionSpec(detectors=("rolling",), decides="rolling").decides == "rolling"


def test_no_detector_at_all_switches_detection_off():
    assert ChangeDetectionSpec(detectors=()).detectors == ()


@pytest.mark.parametrize(
    "declared",
    [
        {"detectors": ["kswin"]},
        {"block_rows": 1},
        {"cusum": {"decision_interval": 0}},
    ],
)
def test_what_no_detector_can_do_is_refused_by_name(declared):
    with pytest.raises(ValidationError, match=next(iter(declared))):
        PerformanceSpec(change_detection=declared)


@pytest.mark.parametrize("name", ["page_hinkley", "adwin", "hddm"])
def test_a_detector_that_there_once_was_is_refused_with_what_to_use_instead(name):
    for declared in ({"detectors": ["cusum", name]}, {"decides": name}, {name: {"delta": 0.5}}):
        with pytest.raises(ValidationError, match=f"`{name}` is no longer offered.*`cusum`"):
            ChangeDetectionSpec.model_validate(declared)
