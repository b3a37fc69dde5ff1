"""When a replay sums up."""

from pathlib import Path

from mlops_platform.components.models import declared_lifecycle
from mlops_platform.demo.story import FIRST_TRAINING, WORDS
from mlops_platform.files import write_json
from mlops_platform.replay.replayed_model import windows_from
from mlops_platform.replay.story import Story


def test_a_call_that_died_before_it_summed_up_is_made_up_for(tmp_path: Path) -> None:
    model = declared_lifecycle("flight_delay")
    windows = windows_from(model.spec, FIRST_TRAINING, 2)

    def of(count: int) -> Story:
        return Story(model, FIRST_TRAINING, windows[:count], tmp_path, WORDS)

    assert not of(0).is_summed_up()
    write_json(tmp_path / "summary.json", {"windows": [{"start": windows[0].name}]})
    assert not of(2).is_summed_up()
    assert of(1).is_summed_up()
    assert of(0).is_summed_up()
