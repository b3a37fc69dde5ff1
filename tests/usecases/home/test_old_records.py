"""What a home of format 0 holds is read as today's records, and no figure is another one."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Final

import pytest

from mlops_platform.components.models import declared_spec
from mlops_platform.data.training_set import TrainingSet
from mlops_platform.demo import story
from mlops_platform.formats.demo_summary import upgraded_summary
from mlops_platform.monitoring.alerting.observation import Observation
from mlops_platform.monitoring.performance.window_performance import WindowPerformance
from mlops_platform.monitoring.reference import read_reference
from mlops_platform.record import Record
from mlops_platform.replay.text_tables import tables_text
from mlops_platform.serving.contents import bento_folder, read_contents
from mlops_platform.serving.served_version import load_served_version
from mlops_platform.settings import Settings
from mlops_platform.spec.online_layout import OnlineExport
from mlops_platform.training.search.search import Recipe
from mlops_platform.usecases.candidate.judge import EvaluatedCandidate, JudgedCandidate
from mlops_platform.usecases.candidate.train import TrainedCandidate
from mlops_platform.usecases.deployment import deployment_at
from mlops_platform.usecases.home.upgrade import upgrade_home
from mlops_platform.usecases.release.bento import PackagedRelease
from mlops_platform.usecases.release.card import WrittenCard
from mlops_platform.usecases.release.register import RegisteredCandidate
from mlops_platform.usecases.version.champion import load_champion
from mlops_platform.usecases.version.deployed import DeployedVersion
from mlops_platform.usecases.window.drift import WatchedWindow
from mlops_platform.usecases.window.labelled_rows import held_out_rows
from mlops_platform.usecases.window.score import ScoredWindow

MODEL = "flight_delay"
KINDS: Final[dict[str, type[Record]]] = {
    "bento": PackagedRelease,
    "candidate": TrainedCandidate,
    "champion": DeployedVersion,
    "drift_report": WatchedWindow,
    "evaluation": EvaluatedCandidate,
    "gate": JudgedCandidate,
    "model_card": WrittenCard,
    "online_features": OnlineExport,
    "performance": WindowPerformance,
    "predictions": ScoredWindow,
    "registered_version": RegisteredCandidate,
    "training_set": TrainingSet,
}
"""By the last part of the asset's key."""


def _files(home: Path, kind: str) -> list[Path]:
    name = f"{MODEL}__{kind}"
    return [*home.glob(f"records/**/{name}.json"), *home.glob(f"records/**/{name}/*.json")]


def _records(home: Path, kind: str) -> Iterator[tuple[dict[str, Any], Any]]:
    """What was written, and what is read of it."""
    for file in _files(home, kind):
        content = file.read_bytes()
        yield json.loads(content), KINDS[kind].from_stored(content, home)


def test_every_file_of_records_is_of_a_known_kind(packed_home: Path) -> None:
    known = {file for kind in KINDS for file in _files(packed_home, kind)}
    assert known == set(packed_home.glob("records/**/*.json"))


@pytest.mark.parametrize("kind", KINDS)
def test_every_record_is_read_and_stays_what_it_is_when_it_is_written_again(
    packed_home: Path, kind: str
) -> None:
    records = [record for _, record in _records(packed_home, kind)]
    assert records
    for record in records:
        assert KINDS[kind].from_stored(record.to_stored(packed_home), packed_home) == record


def test_an_evaluation_keeps_its_figures(packed_home: Path) -> None:
    for stored, evaluated in _records(packed_home, "evaluation"):
        written, evaluation = stored["evaluation"], evaluated.evaluation
        assert evaluation.metrics == written["metrics"]
        assert evaluation.baseline_metrics == written["base_rate"]
        assert evaluation.loss == written["metrics"]["log_loss"]
        assert evaluation.baseline_loss == written["base_rate"]["log_loss"]
        assert evaluation.constants == {"threshold": written["threshold"]}
        assert evaluation.baseline == {"base_rate": written["train_base_rate"]}
        assert evaluation.details["confusion"] == written["confusion"]
        # What only the task knows is still drawn and told.
        assert declared_spec(MODEL).task.tables(evaluation.details)
        assert [day.loss_sum for day in evaluation.daily] == [
            day["log_loss_sum"] for day in written["daily"]
        ]
        for subgroup, old in zip(evaluation.subgroups, written["subgroups"], strict=True):
            of_one_class = old["positive_rate"] in (0, 1)
            baseline_loss = None if of_one_class else old["base_rate_log_loss"]
            assert (subgroup.loss, subgroup.baseline_loss) == (old["log_loss"], baseline_loss)
            assert subgroup.metrics.get("roc_auc") == old["roc_auc"]


def test_a_window_keeps_its_figures(packed_home: Path) -> None:
    for stored, performance in _records(packed_home, "performance"):
        losses = performance.losses
        assert (losses.name, losses.baseline_name) == ("log loss", "base rate")
        assert (losses.loss, losses.baseline_loss, losses.test_loss, losses.test_baseline_loss) == (
            *(stored["metrics"]["log_loss"], stored["base_rate_log_loss"]),
            *(stored["reference_log_loss"], stored["reference_base_rate_log_loss"]),
        )
        assert performance.metrics == stored["metrics"]
    for stored, scored in _records(packed_home, "predictions"):
        assert scored.constants == {"threshold": stored["threshold"]}
        assert scored.means == {
            "score": stored["mean_score"],
            "decision": stored["positive_share"],
        }


def test_the_errors_of_old_held_out_rows_are_those_of_its_test(packed_home: Path) -> None:
    references = list(packed_home.glob("registry/artifacts/*/*/artifacts/reference"))
    assert len(references) == 2
    for directory in references:
        reference = read_reference(directory)
        figures = reference.figures
        rows = held_out_rows(declared_spec(MODEL), reference.held_out, figures.baseline)
        assert rows.losses.mean() == pytest.approx(figures.test_loss, rel=1e-9)
        assert figures.test_loss == figures.metrics["log_loss"]


def test_old_recipes_know_the_direction_of_their_metric(packed_home: Path) -> None:
    files = list(packed_home.glob("registry/artifacts/*/*/artifacts/recipe/recipe.json"))
    recipes = [Recipe.from_stored(file.read_bytes()) for file in files]
    assert [(recipe.metric, recipe.greater_is_better) for recipe in recipes] == [
        ("log_loss", False)
    ] * 3


@pytest.mark.parametrize("version", [1, 2])
def test_an_old_bento_answers_its_golden_rows(packed_home: Path, version: int) -> None:
    contents = read_contents(bento_folder(packed_home / "bentos", f"{MODEL}:v{version}") / "src")
    release = json.loads((contents.model_directory.parent / "packed_release.json").read_text())
    assert contents.release.constants == {"threshold": release["threshold"]}
    assert contents.release.task.type == "binary_classification"
    # It compares what it answers with the numbers that were packed.
    assert load_served_version(contents).release.version == str(version)


def test_the_old_champion_decides_at_its_threshold(old_home: Settings) -> None:
    upgrade_home(deployment_at(old_home))
    champion = load_champion(deployment_at(old_home), MODEL)
    assert champion is not None
    pinned = {
        record.identity.version: record.constants
        for _, record in _records(old_home.home, "registered_version")
    }
    assert champion.constants == pinned[champion.release.version]
    assert champion.constants["threshold"] == pytest.approx(0.19491633789924967, rel=1e-15)


def test_the_demo_of_an_old_home_is_told_in_todays_names(packed_home: Path) -> None:
    old = json.loads((packed_home / "demo" / "summary.json").read_text())
    summary = upgraded_summary(old)
    assert upgraded_summary(summary) == summary
    assert (summary["test"]["loss"], summary["test"]["baseline_loss"]) == (
        *(old["test"]["log_loss"], old["test"]["base_rate_log_loss"]),
    )
    for row, former in zip(summary["windows"], old["windows"], strict=True):
        assert (row["loss_served"], row["loss_frozen"], row["loss_baseline"]) == tuple(
            former[f"log_loss_{name}"] for name in ("served", "frozen", "base_rate")
        )
    assert story.lines(summary, [])
    assert tables_text(summary, story.WORDS)
    champion = upgraded_summary(
        json.loads((packed_home / "demo" / "first_champion.json").read_text())
    )
    assert champion["test"] == summary["test"]


@pytest.mark.parametrize(
    ("former", "today"),
    [
        ("performance/log_loss_increase", "performance/loss_increase"),
        ("performance/better_than_base_rate", "performance/better_than_baseline"),
        ("performance/calibration_error", "performance/expected_calibration_error"),
        ("gate/better_than_base_rate", "gate/better_than_baseline"),
        ("gate/minimum_quality", "gate/limits"),
        ("gate/calibration", "gate/limits"),
        ("silence/sensors_tick", "heartbeats/sensors_tick"),
        ("drift_report/feature_drift", "drift_report/feature_drift"),
    ],
)
def test_an_open_incident_is_of_the_check_of_today_that_can_resolve_it(
    former: str, today: str
) -> None:
    seen = {"check": former, "severity": "ticket", "seen_at": "2024-01-01T00:00Z", "summary": "s"}
    for stored_format in range(4):
        assert Observation.from_mapping(seen, stored_format).check == today


def test_what_is_no_record_of_an_old_format_is_told_by_its_missing_fields() -> None:
    for kind in KINDS.values():
        for content in ("{}", '{"metrics": 3}'):
            with pytest.raises(ValueError, match="required"):
                kind.from_stored(content)
