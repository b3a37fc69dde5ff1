"""A model lives in the present, or where a replay of it has arrived."""

import re
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from mlops_platform.clock import move_to, present
from mlops_platform.errors import SettingsError
from mlops_platform.settings import PROJECT_ROOT

PACKAGE = PROJECT_ROOT / "mlops_platform"
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


BY_THE_MACHINES_CLOCK = {
    "data/engine.py": "what a killed engine left is old by the files",
    "data/profiling/times.py": "a table that nobody has declared yet is of no model",
    "usecases/diagnosis/deep/leftovers.py": "what a killed process left is old by the files",
    "usecases/erasure/erase.py": "a tombstone is of a table, which several models may be made from",
    "usecases/home/backup.py": "a backup is of the home",
    "usecases/home/upgrade.py": "so is what an upgrade saves",
}


def test_what_is_decided_about_a_model_goes_by_its_own_clock() -> None:
    """`Deployment.moment_of` gives it; who needs another present says here why."""
    rooms = ("data", "monitoring", "tasks", "training", "usecases")
    readers = {
        str(module.relative_to(PACKAGE))
        for room in rooms
        for module in (PACKAGE / room).rglob("*.py")
        if re.search(r"datetime\.now|date\.today|time\.time\(", module.read_text(encoding="utf-8"))
    }
    assert readers == set(BY_THE_MACHINES_CLOCK)
