"""`mlops incidents` at three in the morning: what is wrong, and the word that somebody knows."""

import getpass
import json
from datetime import UTC, datetime

import pytest

from mlops_platform.cli.console import console
from mlops_platform.ledger.incident_log import IncidentLog
from mlops_platform.monitoring.alerting.advance import advance
from mlops_platform.monitoring.alerting.observation import Observation
from mlops_platform.spec import AlertingSpec
from mlops_platform.usecases.incidents.acknowledge import incidents_in

MODEL = "flight_delay"


@pytest.fixture
def log(past) -> IncidentLog:
    """One page and one ticket."""
    log = IncidentLog(past.home.ledger_url)
    seen = {"seen_at": datetime(2024, 1, 1, tzinfo=UTC)}
    observations = [
        Observation(check="drift_report/drift", severity="ticket", summary="wind moved", **seen),
        Observation(check="run/watch_x", cause="a: E", severity="page", summary="broke", **seen),
    ]
    log.write(MODEL, advance(MODEL, {}, observations, AlertingSpec(), past.now))
    return log


def test_what_is_open_is_listed_with_where_its_evidence_is(log, mlops) -> None:
    shown = mlops("incidents", MODEL)
    assert shown.exit_code == 0
    for word in ("flight_delay-1", "wind moved", "run/watch_x: a: E", "page", "2013-04-22"):
        assert word in shown.output
    assert "incidents/<model>/<incident>.md" in shown.output
    assert mlops("incidents").output == shown.output


def test_eighty_columns_cut_nothing(past, mlops, monkeypatch: pytest.MonkeyPatch) -> None:
    log, cause = IncidentLog(past.home.ledger_url), "OSError: " + "/".join(30 * ["folder"])
    fault = {"check": "run/watch_flight_delay", "cause": cause, "severity": "page"}
    seen = Observation(**fault, summary="broke", seen_at=datetime(2024, 1, 1, tzinfo=UTC))
    log.write(MODEL, advance(MODEL, {}, [seen], AlertingSpec(), past.now))
    monkeypatch.setattr(console, "width", 80)
    shown = mlops("incidents").output
    table = shown.partition("evidence of each")[0]
    assert max(map(len, table.splitlines())) <= 80
    assert "flight_delay-1" in table
    assert table.count("/") == cause.count("/") + 1  # and the check's own


def test_another_program_reads_the_same(log, mlops) -> None:
    first, second = json.loads(mlops("incidents", "--json").output)
    assert (first["id"], first["severity"]) == ("flight_delay-1", "ticket")
    assert second["seen"]["summary"] == "broke"


def test_an_incident_is_acknowledged_by_the_one_who_is_logged_in(log, mlops) -> None:
    done = mlops("incidents", "ack", "flight_delay-2", "--reason", "on it")
    assert done.exit_code == 0
    known = incidents_in(log, MODEL)["flight_delay-2"].acknowledged
    assert known is not None
    assert (known.actor, known.reason) == (getpass.getuser(), "on it")
    shown = mlops("incidents").output
    assert shown.count("acknowledged by") == shown.count("nobody looks") == 1


def test_what_a_person_resolves_is_listed_with_all_only(log, mlops) -> None:
    mlops("incidents", "resolve", "flight_delay-1", "--reason", "retired", "--actor", "alice")
    assert "flight_delay-1" not in mlops("incidents").output
    assert "2013-04-22 " in mlops("incidents", "--all").output
    again = mlops("incidents", "resolve", "flight_delay-1", "--reason", "retired")
    assert again.exit_code == 1
    assert "is over since" in again.output


def test_a_misspelling_is_no_good_news(log, mlops) -> None:
    assert "Did you mean 'flight_delay'?" in mlops("incidents", "flight_dealy").output
    missing = mlops("incidents", "ack", "flight_delay-9", "--reason", "x")
    assert missing.exit_code == 1
    assert "['flight_delay-1', 'flight_delay-2']" in missing.output


def test_no_incident_is_good_news(past, mlops) -> None:
    assert "no incident is open" in mlops("incidents").output
    assert mlops("incidents", "--json").output == "[]\n"
    assert "no incident is open" in mlops("incidents", MODEL).output


def test_the_channels_can_be_tried_by_day(past, mlops) -> None:
    tried = mlops("incidents", "test", MODEL)
    assert (tried.exit_code, tried.output) == (0, "log: took it\n")


def test_status_tells_how_many_are_open(log, mlops) -> None:
    told = mlops("status").output
    assert "1 page open" in told
    assert "1 ticket open" in told
    mlops("incidents", "resolve", "flight_delay-1", "--reason", "retired", "--actor", "alice")
    models = json.loads(mlops("status", "--json").output)["models"]
    (model,) = (model for model in models if model["model"] == MODEL)
    assert (model["open_pages"], model["open_tickets"]) == (1, 0)
