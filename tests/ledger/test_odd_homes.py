"""The ledger is where the settings say, whatever the home is called."""

from collections.abc import Callable
from pathlib import Path

from mlops_platform.ledger.ledger import Ledger
from mlops_platform.ledger.records import NewDecision, VersionIdentity
from mlops_platform.settings import read_settings


def test_a_ledger_below_an_odd_name_is_written_and_read_there(
    odd_folder: Path, identity: Callable[[int], VersionIdentity], promotion: NewDecision
) -> None:
    settings = read_settings({"MLOPS_HOME": str(odd_folder)})
    Ledger(settings.ledger_url).create_schema()
    release = Ledger(settings.ledger_url).release(
        "flights", identity(3), promotion, expected_sequence=None
    )

    assert Ledger(settings.ledger_url).current_release("flights") == release
    assert (odd_folder / "ledger" / "ledger.db").is_file()
    assert [path.name for path in odd_folder.iterdir()] == ["ledger"]
    assert [path.name for path in odd_folder.parent.iterdir()] == [odd_folder.name]
