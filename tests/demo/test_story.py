"""When the demo sums up."""

from mlops_platform.components.models import declared_spec
from mlops_platform.demo.story import FIRST_TRAINING, _is_summed_up
from mlops_platform.files import write_json
from mlops_platform.replay.replayed_model import windows_from
from mlops_platform.settings import Settings


def test_a_call_that_died_before_it_summed_up_is_made_up_for(home: Settings) -> None:
    windows = windows_from(declared_spec("flight_delay"), FIRST_TRAINING, 2)
    assert not _is_summed_up([])
    write_json(home.demo / "summary.json", {"windows": [{"start": windows[0].name}]})
    assert not _is_summed_up(windows)
    assert _is_summed_up(windows[:1])
    assert _is_summed_up([])
