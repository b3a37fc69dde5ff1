"""`mlops retire`: a decision of the ledger, told and heeded by every command."""

from datetime import UTC, datetime

import pytest

from mlops_platform.components import models
from mlops_platform.files import write_text
from mlops_platform.ledger.incident_log import IncidentLog
from mlops_platform.monitoring.alerting.advance import advance
from mlops_platform.monitoring.alerting.observation import Observation
from mlops_platform.usecases.incidents.acknowledge import incidents_in

MODEL = "flight_delay"
BY_ALICE = ("--reason", "the airport closes", "--actor", "alice")


@pytest.fixture
def retired(past, mlops):
    done = mlops("retire", MODEL, *BY_ALICE)
    assert done.exit_code == 0, done.output
    return past


def _observed(past, model: str) -> None:
    """An incident of a model is open."""
    log = IncidentLog(past.home.ledger_url)
    seen = Observation(
        check="drift",
        cause="wind",
        severity="ticket",
        summary="wind has drifted",
        seen_at=datetime(2013, 4, 15, 10, tzinfo=UTC),
    )
    alerting = models.declared_spec(MODEL).alerting
    log.write(model, advance(model, {}, [seen], alerting, past.now))


def test_it_is_written_who_retired_it_and_why(retired) -> None:
    decision = retired.ledger.decisions(MODEL)[0]
    assert (decision.kind, decision.actor) == ("retire", "alice")
    assert decision.reason == "the airport closes"
    assert decision.made_at == retired.now


def test_its_open_incidents_are_resolved_with_the_reason_and_no_others(past, mlops) -> None:
    _observed(past, MODEL)
    _observed(past, "arrival_delay")
    done = mlops("retire", MODEL, *BY_ALICE)
    assert "1 open incident resolved." in done.output
    log = IncidentLog(past.home.ledger_url)
    (own,) = incidents_in(log, MODEL).values()
    assert not own.is_open
    told = [event.told for event in log.events(MODEL) if event.kind == "resolved"]
    assert told == ["flight_delay is retired: the airport closes"]
    ticket = past.home.tickets(MODEL) / f"{own.id}.md"
    assert "the airport closes" in ticket.read_text()
    (other,) = incidents_in(log, "arrival_delay").values()
    assert other.is_open


@pytest.mark.parametrize(
    "command",
    [
        ("serve", MODEL),
        ("rollback", MODEL, "--reason", "x"),
        ("approve", MODEL, "--reason", "x"),
        ("predict", MODEL, "rows.csv"),
    ],
)
def test_commands_that_ask_something_of_it_refuse_with_the_way_back(
    retired, mlops, command
) -> None:
    before = retired.ledger.decisions(MODEL)
    refused = mlops(*command)
    assert refused.exit_code == 1
    assert "'flight_delay' is retired, by alice since 2013-04-22 10:00 UTC" in refused.output
    assert "mlops retire flight_delay --undo" in refused.output
    assert retired.ledger.decisions(MODEL) == before


def test_status_and_why_tell_it(retired, mlops) -> None:
    shown = mlops("status").output
    assert "retired by alice" in shown
    assert "flight_delay retire by alice: the airport closes" in shown
    why = mlops("why", MODEL).output
    assert "Retired" in why
    assert "by alice since 2013-04-22 10:00 UTC: the airport closes" in why
    assert "Version 2 (release 2) since" in why


def test_sql_tells_who_when_and_why(retired, mlops) -> None:
    query = "select actor, made_at, reason from ledger.decisions where kind = 'retire'"
    answer = mlops("sql", "--csv", query)
    assert answer.output.splitlines() == [
        "actor,made_at,reason",
        "alice,2013-04-22 10:00:00+00:00,the airport closes",
    ]


def test_its_yaml_may_be_deleted(retired, mlops, monkeypatch: pytest.MonkeyPatch) -> None:
    others = [spec for spec in models.declared_specs() if spec.name != MODEL]
    monkeypatch.setattr(models, "declared_specs", lambda: others)
    monkeypatch.setattr("mlops_platform.components.known_models.declared_specs", lambda: others)
    shown = mlops("status")
    assert shown.exit_code == 0
    assert "retired by alice" in shown.output
    assert "no YAML declares it" not in shown.output
    assert mlops("why", MODEL).exit_code == 0
    assert mlops("retire", MODEL, "--undo", "--reason", "back").exit_code == 0
    assert "no YAML declares it" in mlops("status").output


def test_it_is_taken_back(retired, mlops) -> None:
    done = mlops("retire", MODEL, "--undo", "--reason", "it opens again", "--actor", "bob")
    assert done.exit_code == 0
    assert "is back, by bob" in done.output
    assert "retired by" not in mlops("status").output
    assert "no earlier champion" not in mlops("rollback", MODEL, "--reason", "x").output
    again = mlops("retire", MODEL, "--undo", "--reason", "twice")
    assert again.exit_code == 1
    assert "'flight_delay' is not retired" in again.output


@pytest.mark.parametrize("command", ["train", "watch", "replay"])
def test_a_run_of_it_is_refused_before_anything_is_run(
    retired, mlops, monkeypatch: pytest.MonkeyPatch, command: str
) -> None:
    monkeypatch.setattr("mlops_platform.cli.by_hand.ensure_set_up", lambda: False)
    refused = mlops(command, MODEL)
    assert refused.exit_code == 1
    assert "'flight_delay' is retired, by alice" in refused.output


def test_a_run_of_one_whose_yaml_is_gone_says_that_it_is_retired(
    retired, mlops, monkeypatch: pytest.MonkeyPatch
) -> None:
    write_text(retired.home.home / "setup.json", "{}")
    monkeypatch.setattr("mlops_platform.cli.by_hand.ensure_set_up", lambda: False)
    monkeypatch.setattr(models, "declared_specs", list)
    refused = mlops("train", MODEL)
    assert "'flight_delay' is retired, by alice" in refused.output
    assert "Name a known model" in mlops("train", "arrival_delays").output


def test_a_model_that_nobody_knows_is_refused(past, mlops) -> None:
    refused = mlops("retire", "flight_dealy", "--reason", "x")
    assert refused.exit_code == 1
    assert "flight_dealy" in refused.output
