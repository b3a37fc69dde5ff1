"""Which windows a portfolio lives through, and what becomes of a model that needs no run."""

from collections.abc import Callable, Iterator
from datetime import UTC, date, datetime
from typing import Any

import dagster as dg
import pytest

from mlops_platform.components.models import declared_lifecycle, declared_lifecycles
from mlops_platform.data.windows import window_named
from mlops_platform.definitions import defs
from mlops_platform.driving.by_hand import ByHand
from mlops_platform.driving.driver import JobDriver
from mlops_platform.ledger.records import NewDecision, VersionIdentity
from mlops_platform.replay.plan import keep_plan, kept_plan
from mlops_platform.replay.portfolio import TRIES, PortfolioModel, in_order
from mlops_platform.settings import Settings
from mlops_platform.usecases.deployment import Deployment, open_deployment
from tests.driving.silent import Silent

TIMED, TIMELESS = "spam", "doctor_visits"
IDENTITY = VersionIdentity(version=7, run_id="r", digests={}, schema_hash="5", environment_hash="e")
Driven = Callable[[str], PortfolioModel]


class RefusingDriver(JobDriver):
    """The gate refuses whatever is trained: a training takes minutes, and nothing of it matters."""

    def run(self, job: str, **request: Any) -> str:
        trained = [asset for asset in request.get("assets", ()) if asset.path[-1] == "gate"]
        if trained:
            model = trained[0].path[0]
            decision = NewDecision(kind="reject", reason="Too poor.", actor="gate")
            open_deployment().ledger.record_decision(model, decision)
        return "run"


@pytest.fixture(scope="module")
def definitions() -> dg.Definitions:
    return defs()


@pytest.fixture
def deployment(home: Settings) -> Deployment:
    deployment = open_deployment()
    deployment.ledger.create_schema()
    return deployment


@pytest.fixture
def driven(deployment: Deployment, definitions: dg.Definitions) -> Iterator[Driven]:
    """A model of the portfolio, of which the latest three windows are lived through."""
    with dg.DagsterInstance.ephemeral() as instance:
        driver = RefusingDriver(definitions, instance)

        def driven_model(name: str) -> PortfolioModel:
            running = ByHand(deployment, driver, declared_lifecycle(name), Silent(), "somebody")
            return PortfolioModel(running, windows=3, now=datetime(2026, 11, 30, tzinfo=UTC))

        yield driven_model


def replay_moment(deployment: Deployment) -> datetime:
    moment = deployment.replayed_moment(TIMED)
    assert moment is not None
    return moment


def test_models_of_one_store_follow_each_other() -> None:
    stores = [model.store.build_op for model in in_order(declared_lifecycles())]
    assert stores == sorted(stores)
    assert len(stores) > len(set(stores))


def test_a_refused_first_candidate_is_tried_again_a_window_later(
    driven: Driven, deployment: Deployment
) -> None:
    model = driven(TIMED)
    found = model.bring()

    spec = model.running.model.spec
    latest = [window_named(spec.window, day) for day in ("2002-09-16", "2002-09-23", "2002-09-30")]
    assert len(deployment.ledger.decisions(TIMED)) == TRIES == len(latest)
    assert (found.state, found.version, found.windows) == ("refused", None, 0)
    assert found.text == "Too poor."
    assert replay_moment(deployment) == latest[-1].starts_at
    plan = kept_plan(deployment.settings.replays(TIMED))
    assert plan is not None
    assert (plan.first, plan.last) == (latest[-1].start, latest[-1].last_day)


def test_started_again_it_goes_on_where_its_replay_was(
    driven: Driven, deployment: Deployment
) -> None:
    driven(TIMED).bring()
    last_try = replay_moment(deployment)

    driven(TIMED).bring()
    assert replay_moment(deployment) == last_try
    assert len(deployment.ledger.decisions(TIMED)) == TRIES + 1


def test_a_replay_that_was_begun_keeps_its_windows(driven: Driven, deployment: Deployment) -> None:
    window = driven(TIMED).running.model.spec.window
    begun = [window_named(window, day) for day in ("2002-08-26", "2002-09-02")]
    keep_plan(deployment.settings.replays(TIMED), begun)

    driven(TIMED).bring()
    plan = kept_plan(deployment.settings.replays(TIMED))
    assert plan is not None
    assert (plan.first, plan.last) == (date(2002, 9, 2), date(2002, 9, 8))


@pytest.mark.parametrize("model", [TIMED, TIMELESS])
def test_a_model_that_has_lived_in_the_present_is_left_as_it_is(
    driven: Driven, deployment: Deployment, model: str
) -> None:
    decision = NewDecision(kind="promote", reason="good", actor="somebody")
    deployment.ledger.release(model, IDENTITY, decision, expected_sequence=None)

    found = driven(model).bring()
    assert (found.state, found.version) == ("champion", 7)
    assert "left as it is" in found.text
    assert not deployment.is_replayed(model)
    assert len(deployment.ledger.decisions(model)) == 1
