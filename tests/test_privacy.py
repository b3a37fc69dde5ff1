"""What is written is its user's alone, whatever the umask; or that of a group which is named."""

import grp
import os
import stat
from collections.abc import Iterator
from pathlib import Path

import pytest

from mlops_platform.errors import SettingsError
from mlops_platform.files import new_directory, write_text
from mlops_platform.ledger.ledger import Ledger
from mlops_platform.privacy import VARIABLE, close_home, keep_private
from mlops_platform.serving.watching.log_file import LogFile

OWN_GROUP = grp.getgrgid(os.getegid()).gr_name


@pytest.fixture(params=[0o000, 0o022, 0o077])
def umask(request: pytest.FixtureRequest) -> Iterator[int]:
    """The umask that somebody starts the platform with."""
    before = os.umask(request.param)
    yield request.param
    os.umask(before)


def _mode(path: Path) -> int:
    return stat.S_IMODE(path.stat().st_mode)


def _written(home: Path) -> dict[str, int]:
    """Modes of what a process of ours writes, by name."""
    close_home(home)
    ledger = Ledger(f"sqlite:///{home / 'ledger' / 'ledger.db'}")
    ledger.create_schema()
    write_text(home / "records" / "gate.json", "{}")
    with new_directory(home / "models" / "ab") as made:
        write_text(made / "model.skops", "")
    close_home(home)
    return {
        str(path.relative_to(home.parent)): _mode(path)
        for path in (home, *home.rglob("*"))
        if not path.name.startswith(".")
    }


@pytest.mark.usefixtures("umask")
def test_everything_is_its_users_alone(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv(VARIABLE, raising=False)
    keep_private()
    modes = _written(tmp_path / "home")
    assert set(modes.values()) == {0o700, 0o600}
    assert modes["home"] == modes["home/models/ab"] == 0o700
    assert modes["home/ledger/ledger.db"] == 0o600


@pytest.mark.usefixtures("umask")
def test_a_group_that_is_named_may_read_and_write(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(VARIABLE, OWN_GROUP)
    keep_private()
    modes = _written(tmp_path / "home")
    assert {mode & 0o777 for mode in modes.values()} == {0o770, 0o660}
    assert modes["home"] == modes["home/models/ab"] == 0o2770  # what is made there is the group's


@pytest.mark.usefixtures("umask")
@pytest.mark.parametrize(("group", "mode"), [("", 0o600), (OWN_GROUP, 0o660)])
def test_a_service_whose_umask_is_anothers_logs_no_more_openly(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, umask: int, group: str, mode: int
) -> None:
    monkeypatch.setenv(VARIABLE, group)
    log = LogFile(tmp_path / "served", "predictions-1", 1000)
    assert log.append(b"{}\n")
    [file] = (tmp_path / "served").iterdir()
    assert _mode(file) == mode & ~umask


def test_an_older_home_is_closed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv(VARIABLE, raising=False)
    tmp_path.chmod(0o755)
    close_home(tmp_path)
    assert _mode(tmp_path) == 0o700


def test_a_group_that_there_is_not_is_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(VARIABLE, "nobodys-group")
    with pytest.raises(SettingsError, match=r"'nobodys-group' is no group of this machine"):
        close_home(tmp_path)
