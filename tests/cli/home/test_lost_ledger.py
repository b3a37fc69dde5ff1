"""A ledger that is gone is told as a loss, and there is a way on by commands that are named."""

import pytest

from mlops_platform.cli.home.setup import ensure_set_up
from mlops_platform.errors import LedgerError
from mlops_platform.files import write_text
from mlops_platform.ledger.heads import Heads
from mlops_platform.ledger.records import NewDecision
from mlops_platform.settings import Settings
from mlops_platform.usecases.deployment import open_deployment

MODEL = "flight_delay"
FREEZE = NewDecision(kind="freeze", reason="a holiday", actor="alice")


@pytest.fixture
def lost(home: Settings) -> Settings:
    """A home that was set up and in which something was decided, without its ledger."""
    ensure_set_up()
    open_deployment().ledger.record_decision(MODEL, FREEZE)
    assert home.ledger_heads(MODEL).is_file()
    (home.home / "ledger" / "ledger.db").unlink()
    return home


@pytest.mark.fault(
    "the ledger's database is deleted",
    "`status`, `why`, `reconcile` and `doctor` tell the loss and the ways on, and leave nothing "
    "behind; `mlops setup` makes an empty one, on which nothing rests until the loss is accepted",
)
def test_a_ledger_that_is_gone_is_told_as_a_loss_and_gone_on_without(
    lost: Settings, mlops, observe
) -> None:
    file = lost.home / "ledger" / "ledger.db"
    for command in (["status"], ["why", MODEL], ["reconcile"]):
        refused = mlops(*command)
        assert refused.exit_code == 1
        assert f"the ledger is lost: {file} is not there" in refused.output
        assert "mlops restore BACKUP" in refused.output
        assert not file.exists()
    doctor = mlops("doctor")
    assert "the ledger is lost" in doctor.output
    assert "mlops setup && mlops reconcile --accept-loss" in doctor.output
    assert not file.exists()

    made = mlops("setup")
    assert made.exit_code == 0, made.output
    assert "the ledger is lost" in made.output
    with pytest.raises(LedgerError, match="the ledger has lost rows of 'flight_delay'"):
        open_deployment().ledger.record_decision(MODEL, FREEZE)
    assert "the ledger has lost what is named outside of it" in mlops("doctor").output
    assert "the ledger has lost rows of flight_delay" in mlops("status").output.splitlines()[0]
    assert "the ledger has lost rows of flight_delay" in mlops("why", MODEL).output.splitlines()[0]
    accepted = mlops("reconcile", "--accept-loss", "--reason", "the disk is gone")
    assert accepted.exit_code == 0, accepted.output
    assert "the ledger has lost rows" not in mlops("status").output
    assert mlops("freeze", MODEL, "--reason", "again").exit_code == 0
    observe("`the ledger is lost: ... is not there`; `mlops setup`, then `reconcile --accept-loss`")


def test_an_empty_file_is_no_ledger_and_is_set_up(home: Settings, mlops) -> None:
    ensure_set_up()
    file = home.home / "ledger" / "ledger.db"
    file.write_bytes(b"")
    assert "is not there yet" in mlops("status").output
    assert mlops("setup").exit_code == 0
    assert mlops("status").exit_code == 0


def test_heads_of_another_model_are_no_loss_of_this_one(home: Settings, mlops) -> None:
    ensure_set_up()
    write_text(home.ledger_heads("gone"), Heads(newest={"releases": "ab" * 32}).to_stored())
    assert open_deployment().ledger.record_decision(MODEL, FREEZE).id == 1
