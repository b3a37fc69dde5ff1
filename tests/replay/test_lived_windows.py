import pytest

from mlops_platform.components.models import declared_spec
from mlops_platform.demo.story import FIRST_TRAINING
from mlops_platform.errors import MlopsError
from mlops_platform.replay.lived_windows import lived_windows
from mlops_platform.replay.replayed_model import windows_from
from mlops_platform.settings import Settings


def test_a_window_whose_run_failed_is_named_with_the_command_that_makes_it(home: Settings) -> None:
    spec = declared_spec("flight_delay")
    windows = windows_from(spec, FIRST_TRAINING, 2)

    with pytest.raises(MlopsError, match=f"`mlops watch flight_delay {windows[0].name}` makes it"):
        lived_windows(spec, windows)
