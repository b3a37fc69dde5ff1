"""Of a full or a read-only disk the doctor says so, and not that what is on it were damaged."""

import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from click.testing import CliRunner

from mlops_platform.cli import main
from mlops_platform.components.instance import open_instance
from mlops_platform.settings import Settings, settings
from tests.homes.set_up import set_up_without_manifest

DISK_BYTES = 16_000_000


@pytest.fixture
def disk(tmp_path: Path) -> Iterator[Path]:
    """A small file system of its own."""
    folder = tmp_path / "disk"
    folder.mkdir()
    mounted = subprocess.run(
        ["mount", "-t", "tmpfs", "-o", f"size={DISK_BYTES}", "none", folder],
        capture_output=True,
        text=True,
        check=False,
    )
    if mounted.returncode != 0:
        pytest.skip(f"who runs the tests may not mount: {mounted.stderr.strip()}")
    yield folder
    subprocess.run(["umount", "--lazy", folder], check=True)


@pytest.fixture
def deployed(disk: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Settings]:
    """What `mlops setup` leaves behind on it, without the dbt manifest."""
    monkeypatch.setenv("MLOPS_HOME", str(disk / "home"))
    settings.cache_clear()
    place = settings()
    monkeypatch.setenv("DAGSTER_HOME", str(place.dagster_home))
    set_up_without_manifest(place)
    with open_instance():
        pass
    yield place
    settings.cache_clear()


def _fill(disk: Path) -> None:
    with pytest.raises(OSError, match="No space left"), (disk / "full").open("wb") as opened:
        while True:
            opened.write(bytes(1_000_000))
            opened.flush()


def _make_read_only(disk: Path) -> None:
    subprocess.run(["mount", "-o", "remount,ro", disk], check=True)


def _doctor(*options: str) -> str:
    shown = CliRunner(env={"COLUMNS": "400"}).invoke(main, ["doctor", *options])
    assert shown.exit_code == 1, shown.output
    assert shown.exception is None or isinstance(shown.exception, SystemExit)
    return shown.output


@pytest.mark.fault(
    "the disk of a home is full, or can only be read",
    "`doctor` says that, and not that anything on it were damaged",
)
@pytest.mark.parametrize(
    ("harm", "problem", "cure"),
    [
        (_fill, "No space left on device", "df -h"),
        (_make_read_only, "Read-only file system", "findmnt -T"),
    ],
    ids=["full", "read-only"],
)
@pytest.mark.parametrize("deep", [(), ("--deep",)], ids=["doctor", "deep"])
def test_a_disk_that_cannot_be_written_is_told_and_nothing_counts_as_damaged(
    disk: Path,
    deployed: Settings,
    harm: Callable[[Path], None],
    problem: str,
    cure: str,
    deep: tuple[str, ...],
    observe: Callable[[str], None],
) -> None:
    harm(disk)
    output = _doctor(*deep)
    assert f"cannot be written: {problem}" in output
    assert f"cure: {cure} {deployed.home}" in output
    assert "mlops restore" not in output
    observe(f"`cannot be written: {problem}`")


@pytest.mark.parametrize("harm", [_fill, _make_read_only], ids=["full", "read-only"])
@pytest.mark.parametrize(
    "command",
    [("setup",), ("status",), ("watch", "flight_delay"), ("train", "flight_delay")],
    ids=lambda command: command[0],
)
def test_no_command_takes_a_full_disk_for_a_fault_of_its_own(
    disk: Path, deployed: Settings, harm: Callable[[Path], None], command: tuple[str, ...]
) -> None:
    harm(disk)
    shown = CliRunner(env={"COLUMNS": "400"}).invoke(main, list(command))
    assert "Traceback" not in shown.output
    assert "nobody foresaw" not in shown.output
    if command != ("status",):
        assert shown.exit_code == 1
        assert f"{deployed.home} cannot be written: " in shown.output


def test_little_room_is_told_before_it_is_none(deployed: Settings) -> None:
    output = _doctor()
    assert output.startswith("warning")
    assert "bytes are free" in output
    assert f"cure: df -h {deployed.home}" in output
