"""`mlops freeze` and `mlops unfreeze` write who, when and why."""

import getpass

import pytest


def test_a_model_is_frozen_and_unfrozen_by_the_one_who_is_logged_in(past, mlops) -> None:
    frozen = mlops("freeze", "flight_delay", "--reason", "the radar is down")
    assert frozen.exit_code == 0
    assert "a person's own run still releases" in frozen.output
    assert len(frozen.output.splitlines()) == 1
    assert "The radar works." not in mlops("unfreeze", "flight_delay", "--reason", "ok").output

    unfreeze, freeze = past.ledger.decisions("flight_delay", limit=2)
    assert (freeze.kind, freeze.reason) == ("freeze", "the radar is down")
    assert (unfreeze.kind, unfreeze.reason) == ("unfreeze", "ok")
    assert freeze.actor == unfreeze.actor == getpass.getuser()
    assert freeze.made_at == past.now  # the moment of the replay


def test_somebody_else_can_be_named(past, mlops) -> None:
    mlops("freeze", "flight_delay", "--reason", "audit", "--actor", "alice@example.org")
    assert past.ledger.decisions("flight_delay")[0].actor == "alice@example.org"


@pytest.mark.parametrize("command", ["freeze", "unfreeze"])
@pytest.mark.parametrize("reason", [(), ("--reason", " ")])
def test_a_reason_is_required(past, mlops, command: str, reason: tuple[str, ...]) -> None:
    before = past.ledger.decisions("flight_delay")
    refused = mlops(command, "flight_delay", *reason)
    assert refused.exit_code == 2
    assert "--reason" in refused.output
    assert past.ledger.decisions("flight_delay") == before


def test_what_changes_nothing_is_refused(past, mlops) -> None:
    assert (
        "'flight_delay' is not frozen" in mlops("unfreeze", "flight_delay", "--reason", "x").output
    )
    mlops("freeze", "flight_delay", "--reason", "x")
    twice = mlops("freeze", "flight_delay", "--reason", "y")
    assert twice.exit_code == 1
    assert "is frozen already" in twice.output


def test_a_user_without_a_name_is_asked_for_one(past, mlops, monkeypatch) -> None:
    def nobody() -> str:
        raise KeyError("getpwuid(): uid not found: 1234")

    monkeypatch.setattr(getpass, "getuser", nobody)
    refused = mlops("freeze", "flight_delay", "--reason", "x")
    assert refused.exit_code == 1
    assert "Pass --actor" in refused.output
