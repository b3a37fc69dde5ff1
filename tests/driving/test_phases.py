"""The seconds that a replay reports, over interruptions."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from mlops_platform.driving.driver import ReportStep
from mlops_platform.driving.phases import Phases


class Shown:
    """A display that keeps what it is told."""

    def __init__(self) -> None:
        self.lines: list[tuple[str, ...]] = []

    @contextmanager
    def running(self, phase: str) -> Iterator[ReportStep]:
        self.lines.append(("runs", phase))
        yield lambda step: self.lines.append(("reached", step))

    def ended(self, phase: str, seconds: float | None) -> None:
        self.lines.append(("ended", phase, "before" if seconds is None else "now"))


@pytest.fixture
def shown() -> Shown:
    return Shown()


def test_a_phase_is_shown_from_its_beginning_to_its_end(tmp_path: Path, shown: Shown) -> None:
    with Phases(tmp_path / "seconds.json", shown).phase("land") as report:
        report("landing__weather")
    runs, reached, ended = shown.lines
    assert (runs, reached) == (("runs", "land"), ("reached", "landing__weather"))
    assert ended == ("ended", "land", "now")


def test_a_phase_that_ends_leaves_its_seconds_for_the_next_call(
    tmp_path: Path, shown: Shown
) -> None:
    file = tmp_path / "demo" / "seconds.json"
    with Phases(file, shown).phase("land"):
        pass
    later = Phases(file, shown)
    assert later.seconds().keys() == {"land"}
    assert later.has_seconds("land")
    with later.phase("train"), later.part("train one"):
        pass
    assert Phases(file, shown).seconds().keys() == {"land", "train", "train one"}


def test_an_interrupted_phase_leaves_no_seconds(tmp_path: Path, shown: Shown) -> None:
    phases = Phases(tmp_path / "seconds.json", shown)
    with pytest.raises(KeyboardInterrupt), phases.phase("land"):
        raise KeyboardInterrupt
    assert phases.seconds() == {}
    assert shown.lines == [("runs", "land")]


def test_a_phase_that_was_done_before_is_shown_as_ended(tmp_path: Path, shown: Shown) -> None:
    phases = Phases(tmp_path / "seconds.json", shown)
    phases.done_before("land")
    assert shown.lines == [("ended", "land", "before")]
    assert phases.seconds() == {}
