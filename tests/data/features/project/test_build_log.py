"""What a build's log says, and what it leaves out."""

from pathlib import Path

import pytest
from dbt_common.events.base_types import EventLevel
from dbt_common.events.event_manager import EventManager
from dbt_common.events.types import Note

from mlops_platform.data.features.project.build_log import NAME, logged_events


def test_what_is_worth_a_line_is_logged_and_no_debug_event(tmp_path: Path) -> None:
    _fire(tmp_path, ("a statement", EventLevel.DEBUG), ("a result", EventLevel.INFO))
    [line] = _lines(tmp_path)
    assert line.endswith(" [info ] a result")


def test_a_second_call_appends(tmp_path: Path) -> None:
    _fire(tmp_path, ("first", EventLevel.WARN))
    _fire(tmp_path, ("second", EventLevel.ERROR))
    assert [line.rpartition(" ")[2] for line in _lines(tmp_path)] == ["first", "second"]


def test_a_secret_of_the_environment_is_not_logged(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("DBT_ENV_SECRET_PASSWORD", "open sesame")
    _fire(tmp_path, ("said open sesame to the door", EventLevel.INFO))
    [line] = _lines(tmp_path)
    assert line.endswith("said ***** to the door")


def _fire(folder: Path, *events: tuple[str, EventLevel]) -> None:
    """As dbt does it."""
    with logged_events(folder) as callbacks:
        manager = EventManager()
        manager.callbacks = callbacks
        for text, level in events:
            manager.fire_event(Note(msg=text), level)


def _lines(folder: Path) -> list[str]:
    return (folder / NAME).read_text().splitlines()
