"""Another task on the same features is one YAML file and no code: the second shipped model."""

import json
import sys
from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

import dagster as dg
import pyarrow.parquet as pq
import pytest

from mlops_platform.ledger.records import WrittenAdjustment
from mlops_platform.serving.contents import bento_folder, read_contents
from mlops_platform.usecases.deployment import deployment_at
from tests.e2e.conftest import Deployment

pytestmark = pytest.mark.slow


MODEL = "arrival_delay"
OWN = "returns"
MORE_MODELS = Path(__file__).parent / "programs" / "more_models.py"


@pytest.fixture(scope="module")
def lived(deployment: Deployment, tmp_path_factory: pytest.TempPathFactory) -> Deployment:
    """Where the demo has run, a second model was replayed, and a third one trained after that."""
    copy = replace(deployment.copied_to(tmp_path_factory.mktemp("more") / "home"), model=MODEL)
    shown = copy.run(sys.executable, str(MORE_MODELS))
    assert shown.count("done before") == 2  # what has landed for the first model
    return copy


def test_each_model_lives_by_its_own_clock(deployment: Deployment, lived: Deployment) -> None:
    began, ledger = datetime.now(UTC) - timedelta(hours=1), lived.ledger
    moment_of = deployment_at(lived.settings).moment_of
    assert [moment_of(model).date() for model in ("flight_delay", MODEL)] == [
        date(2013, 2, 11), date(2013, 2, 4)
    ]  # fmt: skip
    # Nothing of the demo was moved or written again.
    assert ledger.decisions("flight_delay") == deployment.ledger.decisions("flight_delay")
    assert {decision.evidence["replayed"] for decision in ledger.decisions(MODEL)} == {True}
    own = ledger.decisions(OWN)
    assert own[0].kind in ("promote", "reject")
    for decision in own:
        assert decision.made_at > began
        assert "replayed" not in decision.evidence
    (snapshot,) = lived.settings.training_sets.glob(f"{OWN}/*/training_set.json")
    assert json.loads(snapshot.read_text())["rows"] == 2400  # all labels are known
    with lived.instance() as instance:
        moments = {
            run.tags.get("mlops/model"): run.tags.get("mlops/replayed_moment")
            for run in instance.get_runs()
        }
    assert moments[OWN] is None
    assert str(moments[MODEL]).startswith("2013-0")
    shown = lived.mlops("status")
    assert "flight_delay as of 2013-02-11 11:00 UTC, which a replay of history has" in shown
    assert f"{OWN} as of" not in shown


def test_a_regression_is_trained_served_and_watched_from_its_yaml(lived: Deployment) -> None:
    deployment = lived
    with deployment.instance() as instance:
        (run,) = instance.get_runs(
            dg.RunsFilter(tags={"mlops/model": MODEL, "mlops/stage": "watch"})
        )
        figures = _metadata(instance, "evaluation")
        event = instance.get_latest_materialization_event(dg.AssetKey([MODEL, "training_set"]))
        assert event is not None
        training = instance.get_run_by_id(event.run_id)
        watched = _metadata(instance, "performance")
    assert training is not None
    assert run.tags["dagster/partition"] == "2013-01-28"
    assert run.status == training.status == dg.DagsterRunStatus.SUCCESS
    assert all(deployment.checks(training).values())
    # Minutes, of which a flight from New York is late some ten on average.
    assert 5 < figures["test_absolute_error"] < 40
    assert 0.7 < figures["test_coverage"] <= 1  # of a model that knows a week
    assert watched["loss_is"] == "absolute error"
    assert 0.5 < watched["coverage"] <= 1

    release = deployment.ledger.current_release(MODEL)
    assert release is not None
    assert release.bento_tag is not None
    assert release.bento_tag.startswith(f"{MODEL}:")
    assert deployment.registry.alias_version(MODEL, "champion") == release.version == 1
    assert deployment.pointer.is_file()
    adjustments = deployment.ledger.adjustments(MODEL, release.sequence)
    _adjusted(deployment, adjustments)
    _served(deployment, release.bento_tag, adjustments[-1])


def _adjusted(deployment: Deployment, adjustments: Sequence[WrittenAdjustment]) -> None:
    """Every day that matured within the week has moved the intervals of the days after it."""
    released, *daily = adjustments
    assert [str(adjustment.labels_through) for adjustment in daily] == [
        f"2013-{day}" for day in ("01-28", "01-29", "01-30", "01-31", "02-01", "02-02")
    ]
    assert released.valid_from == datetime(2013, 1, 28, 5, tzinfo=UTC)  # midnight in New York
    assert {adjustment.actor for adjustment in adjustments} == {"watch"}
    (file,) = (deployment.settings.predictions / MODEL).glob("*/data.parquet")
    rows = pq.read_table(file, columns=["local_date", "adjustment"]).to_pandas()
    # What is valid from the second midnight after a day on is the number of that day.
    assert rows.groupby("local_date")["adjustment"].unique().map(list).tolist() == [
        [1], [1], [2], [3], [4], [5], [6]
    ]  # fmt: skip
    assert deployment.ledger.verify_chain(MODEL) is None


def _metadata(instance: dg.DagsterInstance, asset: str) -> dict[str, Any]:
    event = instance.get_latest_materialization_event(dg.AssetKey([MODEL, asset]))
    assert event is not None
    assert event.asset_materialization is not None
    metadata = event.asset_materialization.metadata
    return {name: value.value for name, value in metadata.items()}


def _served(deployment: Deployment, bento_tag: str, adjustment: WrittenAdjustment) -> None:
    """Answers of the service are those of the pipeline, and say how far they may be off."""
    contents = read_contents(bento_folder(deployment.settings.bentoml_home, bento_tag) / "src")
    release = contents.release
    assert release.compiled, release.not_compiled
    assert release.explained, release.not_explained
    golden = contents.golden_rows.rows[0]
    in_force = {**release.constants, **adjustment.constants}
    expected = release.task.answer(golden.numbers, in_force)
    with deployment.serving(MODEL) as service:
        status, answer = service.ask("POST", "/v1/predict", golden.features)
        assert status == 200
        assert {field: answer[field] for field in expected} == pytest.approx(expected, rel=1e-12)
        assert answer["lower"] < answer["prediction"] < answer["upper"]
        assert (answer["sequence"], answer["adjustment"]) == (1, adjustment.number)
        status, explained = service.ask("POST", "/v1/explain", golden.features)
    assert status == 200
    total = explained["base"] + sum(explained["contributions"].values())
    assert total == pytest.approx(explained["explained_prediction"])
    assert total == pytest.approx(answer["prediction"])
