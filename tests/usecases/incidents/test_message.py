"""One message per channel and tick, however much there is to tell."""

from datetime import UTC, date, datetime
from pathlib import Path

import pytest

from mlops_platform.monitoring.alerting.advance import advance
from mlops_platform.monitoring.alerting.incident import Incident, Notice, incidents_of
from mlops_platform.monitoring.alerting.notices import undelivered
from mlops_platform.monitoring.alerting.observation import Observation
from mlops_platform.spec import AlertingSpec, ModelSpec, WindowSpec
from mlops_platform.usecases.incidents.message import message_of

NOW = datetime(2024, 1, 1, 3, tzinfo=UTC)
FOLDER = Path("/incidents/churn")


@pytest.fixture
def spec() -> ModelSpec:
    window = WindowSpec(start=date(2024, 1, 1), timezone="America/New_York")
    return ModelSpec.model_construct(name="churn", window=window, alerting=AlertingSpec())


@pytest.fixture
def pending() -> list[tuple[Incident, Notice]]:
    seen = [
        Observation(check="drift/a", severity="ticket", seen_at=NOW, summary="moved", window="w"),
        Observation(check="run/b", severity="page", seen_at=NOW, summary="broke", cause="fit: E"),
    ]
    events = advance("churn", {}, seen, AlertingSpec(), NOW)
    return list(undelivered(incidents_of(events), ["log"])["log"])


def test_the_worst_comes_first_and_gives_the_message_its_severity(spec, pending) -> None:
    message = message_of(spec, pending, FOLDER)
    assert message.severity == "page"
    assert message.subject == "NEW churn: run/b, and 1 more"
    assert [one.id for one in message.incidents] == ["churn-2", "churn-1"]


def test_the_text_says_what_since_when_where_and_how_to_quiet_it(spec, pending) -> None:
    text = message_of(spec, pending, FOLDER).text
    for line in (
        "NEW [page] churn-2: run/b (fit: E)",
        "since 2024-01-01 03:00 UTC, window w",
        "evidence: /incidents/churn/churn-1.md",
        'quiet it: mlops incidents ack churn-2 --reason "..."',
    ):
        assert line in text.splitlines()


def test_the_same_again_has_the_same_id_and_something_else_another(spec, pending) -> None:
    both = message_of(spec, pending, FOLDER).id
    assert message_of(spec, pending[::-1], FOLDER).id == both
    assert message_of(spec, pending[:1], FOLDER).id != both


def test_a_runbook_is_shown(spec, pending) -> None:
    alerting = AlertingSpec(runbook="https://example.org/runbook")
    told = message_of(spec.model_copy(update={"alerting": alerting}), pending, FOLDER)
    assert told.text.endswith("Runbook: https://example.org/runbook")
    assert told.runbook == "https://example.org/runbook"
