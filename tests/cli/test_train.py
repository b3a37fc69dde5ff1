"""What `mlops train` says below its outcome."""

from mlops_platform.cli.train import store_notes
from mlops_platform.ledger.records import NewDecision, VersionIdentity
from mlops_platform.settings import Settings
from mlops_platform.usecases.deployment import deployment_at

VERSION = VersionIdentity(version=7, run_id="r", digests={}, schema_hash="5", environment_hash="e")


def test_a_store_that_answers_nobody_is_told_once_something_serves(home: Settings) -> None:
    ledger = deployment_at(home).ledger
    ledger.create_schema()
    assert store_notes("departures") == []
    promoted = NewDecision(kind="promote", reason="Better.", actor="gate")
    ledger.release("departures", VERSION, promoted, expected_sequence=None)
    (note,) = store_notes("departures")
    assert note.startswith("its online store answers nobody: online store: ")
    assert "materialise the asset online_features" in note
