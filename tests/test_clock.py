"""A model lives in the present, or where a replay of it has arrived."""

from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from mlops_platform.clock import move_to, present
from mlops_platform.errors import SettingsError

MAY = datetime(2013, 5, 3, 14, tzinfo=UTC)


def test_without_a_replay_it_is_now(tmp_path: Path) -> None:
    before = datetime.now(UTC)
    assert before <= present(tmp_path / "moment") <= datetime.now(UTC)


def test_a_replay_moves_forward_only(tmp_path: Path) -> None:
    file = tmp_path / "moment"
    move_to(file, MAY)
    assert present(file) == MAY
    move_to(file, MAY)
    move_to(file, MAY + timedelta(days=1))
    with pytest.raises(
        SettingsError, match=r"replay of moment is at .* cannot go back to 2013-05-03"
    ):
        move_to(file, MAY)
    assert present(file) == MAY + timedelta(days=1)


@pytest.mark.parametrize("text", ["yesterday", "2013-05-03T14:00:00", ""])
def test_a_damaged_moment_is_refused(tmp_path: Path, text: str) -> None:
    file = tmp_path / "moment"
    file.write_text(text)
    with pytest.raises(SettingsError, match="no moment with an offset"):
        present(file)
