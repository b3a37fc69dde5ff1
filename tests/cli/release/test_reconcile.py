"""`mlops reconcile`: of a ledger that lost rows nothing is rebuilt, until a person says so."""

import pytest

from mlops_platform.files import write_text
from mlops_platform.ledger.heads import Heads
from mlops_platform.settings import Settings
from mlops_platform.usecases.deployment import open_deployment
from tests.homes.blank_registry import put_blank_registry

MODEL = "forgotten"


@pytest.fixture
def emptied(home: Settings) -> Settings:
    """A ledger without a row, and a home that knows of one."""
    deployment = open_deployment()
    deployment.ledger.create_schema()
    put_blank_registry(home.home)
    write_text(home.ledger_heads(MODEL), Heads(newest={"releases": "ab" * 32}).to_stored())
    return home


def test_lost_rows_are_gone_on_without_by_a_decision_only(emptied: Settings, mlops) -> None:
    refused = mlops("reconcile")
    assert refused.exit_code == 1
    assert "the ledger has lost rows of 'forgotten'" in refused.output
    assert "newest row of releases by ledger_heads.json (abababababababab)" in refused.output
    silent = mlops("reconcile", "--accept-loss")
    assert silent.exit_code == 2
    assert "say why with --reason" in silent.output
    accepted = mlops(
        *("reconcile", "--accept-loss", "--reason", "the disk is gone", "--actor", "alice")
    )
    assert accepted.exit_code == 0, accepted.output
    assert "accepted forgotten: newest row of releases" in accepted.output
    [decision] = open_deployment().ledger.decisions(MODEL)
    assert (decision.kind, decision.actor) == ("accept_loss", "alice")
    assert "nothing to repair" in mlops("reconcile").output
