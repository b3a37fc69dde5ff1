"""The other drill: a home is lost, and restored elsewhere from a backup that was taken at work."""

import json
import shutil
from dataclasses import dataclass, replace
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from mlops_platform.components.models import declared_spec
from mlops_platform.data.features.features import read_feature_rows
from mlops_platform.data.predictions import predictions_file
from tests.e2e.home.third_week import THIRD_WEEK, WHILE_AT_WORK, ThirdWeek, back_up

if TYPE_CHECKING:
    from tests.e2e.conftest import Deployment

pytestmark = pytest.mark.slow

MODEL = "flight_delay"
LAST_DAY = date(2013, 2, 17)
"""Of what the online store keeps."""


@dataclass(frozen=True)
class Lost:
    """A deployment that is gone, what it said last, and backups that were taken before."""

    deployment: "Deployment"
    backups: tuple[Path, ...]
    said: dict[str, str]
    answer: dict[str, Any]


COMMANDS = {
    "status": ("status", "--json"),
    "why": ("why", MODEL),
    "incidents": ("incidents", "--all", "--json"),
}


def _said(deployment: "Deployment") -> dict[str, str]:
    return {name: deployment.mlops(*command) for name, command in COMMANDS.items()}


def _answer(deployment: "Deployment") -> dict[str, Any]:
    """What the service answers about a flight, but for the number of the request."""
    published = deployment.settings.published
    row = read_feature_rows(declared_spec(MODEL), published, [LAST_DAY])
    flight = row.to_pylist()[0]["flight_id"]
    with deployment.serving(MODEL) as service:
        status, answer = service.ask("POST", "/v1/predict_by_entity", {"flight_id": flight})
    assert status == 200, answer
    return {name: answer[name] for name in ("entity", "probability", "version", "sequence")}


@pytest.fixture(scope="module")
def lost(third_week: ThirdWeek) -> Lost:
    """A home that worked through another week while it was backed up; then it is gone.

    The newest backup is of its last state; the others were taken in the middle of the work.
    """
    working = third_week.deployment
    # Serving is reported to the ledger, so that it comes first.
    answer, said = _answer(working), _said(working)
    last = back_up(working, third_week.backups[0].parent)
    shutil.rmtree(working.home)
    return Lost(working, (*third_week.backups, last), said, answer)


@pytest.fixture(scope="module")
def restored(lost: Lost, tmp_path_factory: pytest.TempPathFactory) -> "Deployment":
    """The newest backup, restored where nothing was."""
    elsewhere = replace(lost.deployment, home=tmp_path_factory.mktemp("elsewhere") / "home")
    output = elsewhere.mlops("restore", str(lost.backups[-1]))
    assert "every chain of the ledger is unbroken" in output
    return elsewhere


def test_the_restored_home_says_what_the_lost_one_said(lost: Lost, restored: "Deployment") -> None:
    for name, said in _said(restored).items():
        if name == "status":
            assert _of_any_moment(said) == _of_any_moment(lost.said[name])
        else:
            assert said == lost.said[name]


def _of_any_moment(status: str) -> Any:
    """The same without the machine's time, by which all but the replayed model are told."""
    told = json.loads(status)
    for told_by_the_machine in (
        told,
        *(model for model in told["models"] if not model["replayed"]),
    ):
        del told_by_the_machine["as_of"]
    return told


def test_it_answers_what_the_lost_one_answered(lost: Lost, restored: "Deployment") -> None:
    assert _answer(restored) == lost.answer


def test_backups_of_the_middle_of_the_work_are_whole_and_gone_on_with_where_nothing_was(
    lost: Lost, tmp_path: Path
) -> None:
    for at in range(WHILE_AT_WORK):
        midway = replace(lost.deployment, home=tmp_path / str(at))
        midway.mlops("restore", str(lost.backups[at]))
        assert midway.mlops("reconcile").strip() == "nothing to repair"
    # The first was taken while the work had hardly begun; the last is the one that tells.
    midway.demo("--windows", "3")
    assert predictions_file(midway.settings.predictions, MODEL, THIRD_WEEK).is_file()
    assert _latest_window(midway.mlops("status", "--json")) == _latest_window(lost.said["status"])
    assert midway.ledger.verify_chain(MODEL) is None
    assert not lost.deployment.home.exists()


def _latest_window(status: str) -> Any:
    models = json.loads(status)["models"]
    return next(model["window"] for model in models if model["model"] == MODEL)


def test_a_home_is_restored_over_nothing(lost: Lost, restored: "Deployment") -> None:
    output = restored.mlops("restore", str(lost.backups[-1]), succeeds=False)
    assert "overwrites nothing" in output
    assert "Traceback" not in output
