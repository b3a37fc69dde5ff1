"""A week as its clients lived it: answered over HTTP, landed, proved, watched and measured."""

import math
import shutil
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import date, timedelta
from typing import TYPE_CHECKING, Any

import dagster as dg
import pytest
import yaml

from mlops_platform.components.model_lifecycle.incidents.evaluations import PARTITION_TAG
from mlops_platform.components.models import declared_spec
from mlops_platform.data.features.features import read_feature_rows
from mlops_platform.data.parquet import read_parquet
from mlops_platform.data.predictions import predictions_file
from mlops_platform.settings import Settings
from mlops_platform.usecases.window.drift import WatchedWindow

if TYPE_CHECKING:
    from tests.e2e.conftest import Deployment, Service

pytestmark = pytest.mark.slow

MODEL, WEEK, RELEASE = "flight_delay", date(2013, 2, 4), 1
FARTHER = 5
"""By this factor clients send another distance than was published; by itself it hardly drifts."""


@dataclass(frozen=True)
class ServedWeek:
    """The run that watched a week, and what clients had been answered in it."""

    deployment: "Deployment"
    run: dg.DagsterRun
    answers: Mapping[str, float]

    def shown(self, asset: str) -> dict[str, Any]:
        """What the newest materialisation of an asset of the week says."""
        selected = dg.AssetRecordsFilter(
            asset_key=dg.AssetKey([MODEL, asset]),
            asset_partitions=None if asset == "served_predictions" else [str(WEEK)],
        )
        with self.deployment.instance() as instance:
            (record,) = instance.fetch_materializations(selected, limit=1).records
        return {name: one.value for name, one in record.asset_materialization.metadata.items()}


@pytest.fixture(scope="module")
def moved(deployment: "Deployment", tmp_path_factory: pytest.TempPathFactory) -> "Deployment":
    """The deployment as the demo left it, at another place; its windows are of what was served."""
    folder = tmp_path_factory.mktemp("moved")
    project = folder / "project"
    shutil.copytree(deployment.project, project)
    file = project / "mlops_platform" / "defs" / "flights" / MODEL / "defs.yaml"
    declared = yaml.safe_load(file.read_text())
    declared["attributes"]["window"]["source"] = "served"
    file.write_text(yaml.safe_dump(declared, sort_keys=False))
    return replace(deployment.copied_to(folder / "home"), project=project)


@pytest.fixture(scope="module")
def service(moved: "Deployment") -> Iterator["Service"]:
    """`mlops serve`, ready."""
    with moved.serving(MODEL) as service:
        yield service


def _flights(settings: Settings) -> list[dict[str, Any]]:
    """Every second flight of the week as a client describes it, with a distance that is wrong."""
    spec = declared_spec(MODEL)
    days = [WEEK + timedelta(days=at) for at in range(7)]
    published = read_feature_rows(spec, settings.published, days).to_pylist()[::2]
    names = ("flight_id", *spec.features.names)
    flights = [{name: _json(row[name]) for name in names} for row in published]
    return [flight | {"distance_miles": FARTHER * flight["distance_miles"]} for flight in flights]


def _json(value: Any) -> Any:
    return None if isinstance(value, float) and math.isnan(value) else value


@pytest.fixture(scope="module")
def week(moved: "Deployment", service: "Service") -> ServedWeek:
    """Clients ask in batches, about some flights again alone and by key; the week is watched."""
    flights, answers = _flights(moved.settings), {}
    for first in range(0, len(flights), 1000):
        rows = {"rows": flights[first : first + 1000]}
        status, told = service.ask("POST", "/v1/predict_batch", rows)
        assert status == 200, told
        answers |= {one["entity"]: one["probability"] for one in told["predictions"]}
    again = [("/v1/predict", flight | {"carrier": "ZZ"}) for flight in flights[:20]]
    again += [("/v1/predict_by_entity", {"flight_id": one["flight_id"]}) for one in flights[-20:]]
    for route, body in again:
        status, told = service.ask("POST", route, body)
        assert status == 200, told
        answers[told["entity"]] = told["probability"]
    moved.mlops("watch", MODEL, str(WEEK))
    with moved.instance() as instance:
        # After it comes one that exports what the service looks up.
        (run,) = instance.get_runs(dg.RunsFilter(tags={PARTITION_TAG: str(WEEK)}), limit=1)
    return ServedWeek(moved, run, answers)


def test_the_run_lands_proves_and_watches_in_one_go(week: ServedWeek) -> None:
    assert week.run.status == dg.DagsterRunStatus.SUCCESS
    made = week.deployment.steps(week.run, dg.DagsterEventType.ASSET_MATERIALIZATION)
    assert {"served_predictions", "predictions", "drift_report", "performance"} <= made
    checks = week.deployment.checks(week.run)
    assert checks["served_as_offline"]
    assert checks["every_line_landed"]
    proved = week.shown("served_predictions")
    assert proved["parity_rows"] == len(week.answers) + 40
    assert proved["parity_max_difference"] <= 1e-12


def test_the_predictions_of_the_week_are_the_last_answers(week: ServedWeek) -> None:
    shown = week.shown("predictions")
    assert (shown["source"], shown["release"]) == ("served", RELEASE)
    file = predictions_file(week.deployment.settings.predictions, MODEL, str(WEEK))
    stored = read_parquet(file).to_pydict()
    entities = map(str, stored["flight_id"])
    assert dict(zip(entities, stored["score"], strict=True)) == week.answers
    assert stored["sent_carrier"].count("ZZ") == 20


def test_performance_is_that_of_the_answers(week: ServedWeek) -> None:
    sql = (
        "select flight_id, label::int from predictions_with_outcomes.flight_delay "
        f"where \"window\" = '{WEEK}' and label is not null"
    )
    _, *rows = week.deployment.mlops("sql", "--csv", sql).splitlines()
    told = [
        week.answers[entity] if late == "1" else 1 - week.answers[entity]
        for entity, late in (row.split(",") for row in rows)
    ]
    # In the blizzard of that Friday many flights never arrived.
    assert len(told) > 0.75 * len(week.answers)
    measured = week.shown("performance")["loss"]
    assert measured == pytest.approx(-sum(map(math.log, told)) / len(told), abs=5e-5)


def test_drift_is_that_of_the_features_that_were_sent(
    week: ServedWeek, deployment: "Deployment"
) -> None:
    def distance(where: "Deployment") -> float:
        folder = where.settings.records / "latest" / f"{MODEL}__drift_report"
        watched = WatchedWindow.from_stored((folder / f"{WEEK}.json").read_bytes())
        (found,) = (one for one in watched.drift.columns if one.column == "distance_miles")
        return found.statistic

    assert distance(deployment) < 0.1 < distance(week.deployment)
