"""Where a replay sends people: the page on serving says the same."""

import re
import shlex
from collections.abc import Iterator
from pathlib import Path

import pytest

from mlops_platform.replay.places import places
from mlops_platform.settings import PROJECT_ROOT, Settings, settings

SUMMARY = {
    "model": "flight_delay",
    "champion": {"version": 3, "bento_tag": "flight_delay:v3"},
    "windows": [{"start": "2013-07-22"}],
}


@pytest.fixture
def in_a_clone(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    monkeypatch.chdir(PROJECT_ROOT)
    monkeypatch.delenv("MLOPS_HOME", raising=False)
    settings.cache_clear()
    yield
    settings.cache_clear()


def test_the_last_line_of_the_demo_serves_as_the_page_on_serving_does(in_a_clone: None) -> None:
    page = (PROJECT_ROOT / "docs" / "serving.md").read_text()
    *_, serve = places(SUMMARY, settings().demo)
    assert serve.strip().removeprefix(".venv/bin/") == "mlops serve flight_delay --port 3001"
    assert "mlops serve flight_delay  " in page
    assert "http://127.0.0.1:3001" in page


def test_in_a_clone_every_line_fits_and_none_names_a_home(in_a_clone: None) -> None:
    lines = places(SUMMARY, settings().demo)
    assert max(map(len, lines)) <= 80
    assert not any("MLOPS_HOME" in line for line in lines)
    assert any(re.search(r"mlops why flight_delay 2013-07-22$", line) for line in lines)


def test_a_home_with_a_space_can_be_pasted_in_every_line(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("MLOPS_HOME", str(tmp_path / "my home"))
    settings.cache_clear()
    lines = [shlex.split(line, comments=True) for line in places(SUMMARY, settings().demo)]
    settings.cache_clear()
    here = [word for line in lines for word in line if "my home" in word]
    assert len(here) == 3
    assert not any(word.startswith("home") for line in lines for word in line)


def test_a_home_elsewhere_is_named_first(home: Settings, tmp_path: Path) -> None:
    first, *_ = places(SUMMARY, settings().demo)
    assert first.strip() == f"export MLOPS_HOME={home.home}"
