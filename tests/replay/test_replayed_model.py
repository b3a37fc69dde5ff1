"""Which windows a replay lives through, and where one that was killed goes on."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date
from typing import Any

import dagster as dg
import pytest

from mlops_platform.components.models import declared_lifecycle, declared_spec
from mlops_platform.components.record_files import record_file
from mlops_platform.driving.driver import JobDriver
from mlops_platform.driving.phases import Phases
from mlops_platform.files import write_text
from mlops_platform.ledger.records import BentoIdentity, NewDecision, VersionIdentity
from mlops_platform.replay.replayed_model import HANDED_ON, ReplayedModel, windows_from
from mlops_platform.settings import Settings
from mlops_platform.usecases.deployment import open_deployment
from tests.driving.silent import Silent

MODEL = "flight_delay"
IDENTITY = VersionIdentity(version=1, run_id="r", digests={}, schema_hash="5", environment_hash="e")


def test_windows_follow_each_other_without_gap() -> None:
    windows = windows_from(declared_spec("flight_delay"), date(2013, 4, 1), 17)
    assert [windows[0].start, windows[-1].start] == [date(2013, 4, 1), date(2013, 7, 22)]
    assert [window.start for window in windows[1:]] == [window.end for window in windows[:-1]]


@dataclass(frozen=True)
class AskedDriver(JobDriver):
    """Keeps what it is asked for: a training takes minutes, and nothing of it matters here."""

    asked: list[list[str]] = field(default_factory=list)

    def execute(
        self, request: dg.RunRequest, *, tags: Mapping[str, str] = {}, **report: Any
    ) -> str:
        self.asked.append([key.path[-1] for key in request.asset_selection or ()])
        return "run"


@pytest.fixture
def replayed(home: Settings) -> ReplayedModel:
    """A first release is in the ledger, with its Bento."""
    ledger = open_deployment().ledger
    ledger.create_schema()
    decision = NewDecision(kind="promote", reason="better", actor="gate")
    ledger.release(
        MODEL, IDENTITY, decision, expected_sequence=None, bento=BentoIdentity(tag=f"{MODEL}:v1")
    )
    with dg.DagsterInstance.ephemeral() as instance:
        driver = AskedDriver(dg.Definitions(), instance)
        phases = Phases(home.demo / "seconds.json", Silent())
        yield ReplayedModel(driver, phases, declared_lifecycle(MODEL))


def test_a_bento_whose_golden_check_was_killed_is_packed_and_asked_again(
    replayed: ReplayedModel,
) -> None:
    replayed.release_first_champion()
    assert replayed.driver.asked == [list(HANDED_ON)]


def test_a_bento_that_has_answered_is_not_packed_again(replayed: ReplayedModel) -> None:
    write_text(record_file([MODEL, "bento"]), "{}")
    replayed.release_first_champion()
    assert replayed.driver.asked == []
