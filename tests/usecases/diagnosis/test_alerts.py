"""Who watches is watched: a heartbeat that stops, a channel that refuses, what is open."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

from mlops_platform.monitoring.alerting.advance import advance
from mlops_platform.monitoring.alerting.incident import Incident
from mlops_platform.monitoring.alerting.observation import Observation
from mlops_platform.spec import AlertingSpec
from mlops_platform.usecases.diagnosis.alerts import AlertsFacts, alerts_faults
from tests.usecases.diagnosis.typed_cures import require_typeable

NOW = datetime(2024, 1, 1, 3, tzinfo=UTC)
WELL = AlertsFacts(machine_now=NOW, tickets=Path("/incidents/churn"), expected=True, ticked_at=NOW)


def found(facts: AlertsFacts) -> list[tuple[str, str]]:
    return [(one.severity, one.what) for one in alerts_faults("churn", facts)]


def test_health_has_no_faults() -> None:
    assert found(WELL) == []


def test_a_heartbeat_that_stops_is_an_error_where_one_is_expected() -> None:
    silent = replace(WELL, ticked_at=NOW - timedelta(minutes=11))
    ((severity, what),) = found(silent)
    assert severity == "error"
    assert "since 2024-01-01 02:49 UTC" in what
    assert "not ticked ever" in found(replace(WELL, ticked_at=None))[0][1]
    assert found(replace(silent, expected=False)) == []


def test_a_channel_that_does_not_take_messages_is_an_error() -> None:
    (fault,) = alerts_faults("churn", replace(WELL, waiting={"on_call": 2}))
    assert (fault.severity, fault.cure) == ("error", "mlops incidents test churn")


def test_what_is_open_is_as_bad_as_its_severity() -> None:
    seen = [
        Observation(check="a/b", severity=severity, seen_at=NOW, summary="broke", cause=severity)
        for severity in ("ticket", "page")
    ]
    events = advance("churn", {}, seen, AlertingSpec(), NOW)
    opened = tuple(Incident.begun(event) for event in events if event.kind == "opened")
    faults = list(alerts_faults("churn", replace(WELL, open=opened)))
    for fault in faults:
        require_typeable(fault, Path.cwd())
    assert [one.severity for one in faults] == ["warning", "error"]
    assert faults[0].cure == "cat /incidents/churn/churn-1.md"
