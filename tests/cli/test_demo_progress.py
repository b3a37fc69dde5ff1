"""The seconds that the demo reports, over interruptions."""

from pathlib import Path

import pytest

from mlops_platform.cli.demo_progress import DemoProgress


def test_a_phase_that_ends_leaves_its_seconds_for_the_next_call(tmp_path: Path) -> None:
    file = tmp_path / "demo" / "seconds.json"
    with DemoProgress(file).phase("land") as report:
        report("landing__weather")
    later = DemoProgress(file)
    assert later.seconds().keys() == {"land"}
    with later.phase("train"):
        pass
    assert DemoProgress(file).seconds().keys() == {"land", "train"}


def test_an_interrupted_phase_leaves_no_seconds(tmp_path: Path) -> None:
    progress = DemoProgress(tmp_path / "seconds.json")
    with pytest.raises(KeyboardInterrupt), progress.phase("land"):
        raise KeyboardInterrupt
    assert progress.seconds() == {}


def test_a_phase_that_was_done_before_is_shown_as_finished(tmp_path: Path) -> None:
    progress = DemoProgress(tmp_path / "seconds.json")
    progress.done_before("land")
    assert progress.shown().finished
    assert progress.seconds() == {}
