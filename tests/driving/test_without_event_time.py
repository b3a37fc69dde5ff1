"""A table of customers without any time, from its files to performance, by jobs of production."""

import shutil
from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import dataclass, replace
from datetime import date, datetime, time, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

import dagster as dg
import pytest
from dagster.components.testing import create_defs_folder_sandbox

from mlops_platform.cli.home.setup import copy_dagster_yaml
from mlops_platform.clock import move_to
from mlops_platform.components import DbtFeaturesComponent
from mlops_platform.components.garbage_collection import lasting_objects
from mlops_platform.components.landing.jobs import landing_jobs
from mlops_platform.components.model_lifecycle.component import (
    feature_components,
    lifecycle_models,
)
from mlops_platform.components.model_lifecycle.shared import shared_automation
from mlops_platform.components.model_lifecycle.window.drift_asset import drift_history
from mlops_platform.components.model_lifecycle.window.performance_asset import performance_history
from mlops_platform.components.record_files import partition_records
from mlops_platform.components.record_io_manager import RecordIOManager
from mlops_platform.data.features.builds import kept_builds
from mlops_platform.data.features.dbt import DbtProjectFolder, parse
from mlops_platform.data.predictions import predictions_file
from mlops_platform.driving.by_hand import ByHand
from mlops_platform.driving.driver import JobDriver
from mlops_platform.driving.instance import open_quiet_instance
from mlops_platform.ledger.records import Decision
from mlops_platform.serving.online.store import read_export
from mlops_platform.settings import PROJECT_ROOT, settings
from mlops_platform.spec import WITHOUT_EVENT_TIME
from mlops_platform.usecases.deployment import deployment_at
from mlops_platform.usecases.window.score import ScoredWindow
from tests.driving.customers.declared import DBT_MODELS, DEFINITIONS
from tests.driving.customers.exports import Exports, days_through
from tests.driving.silent import Silent
from tests.homes.blank_registry import put_blank_registry

pytestmark = pytest.mark.slow

BERLIN = ZoneInfo("Europe/Berlin")
TUESDAY = date(2024, 3, 5)


@dataclass
class Owner:
    """Who owns the table: exports at night, and runs the commands in the morning."""

    exports: Exports
    running: ByHand
    stores: list[DbtFeaturesComponent]

    def wake_on(self, day: date) -> None:
        """The files of the nights before are there, and it is half past six."""
        for ended in days_through(day - timedelta(days=1)):
            if not (self.exports.folder / f"customers_{ended}.csv").exists():
                self.exports.write(ended)
        move_to(settings().replay_clock("churn"), datetime.combine(day, time(6, 30), BERLIN))


@pytest.fixture(scope="module")
def owner(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Owner]:
    folder = tmp_path_factory.mktemp("customers")
    with ExitStack() as stack:
        patch = stack.enter_context(pytest.MonkeyPatch.context())
        patch.setenv("MLOPS_HOME", str(folder / "home"))
        settings.cache_clear()
        stack.callback(settings.cache_clear)
        copy_dagster_yaml(settings())
        patch.setenv("DAGSTER_HOME", str(settings().dagster_home))
        deployment = deployment_at(settings())
        deployment.ledger.create_schema()
        put_blank_registry(settings().home)
        project, exports = _dbt_project(folder), Exports(folder / "exports")
        sandbox = stack.enter_context(create_defs_folder_sandbox())
        for name, text in DEFINITIONS.items():
            file = sandbox.defs_folder_path / name / "defs.yaml"
            file.parent.mkdir()
            text = text.replace("PROJECT", str(project)).replace("EXPORTS", str(exports.folder))
            file.write_text(text)
        tree = stack.enter_context(sandbox.build_component_tree())
        with lasting_objects():
            instances = tree.build_defs()
        (model,) = lifecycle_models(tree)
        definitions = dg.Definitions.merge(
            dg.Definitions(
                executor=dg.in_process_executor, resources={"io_manager": RecordIOManager()}
            ),
            landing_jobs(instances),
            shared_automation([model]),
            instances,
        )
        instance = stack.enter_context(open_quiet_instance())
        driver = JobDriver(definitions, instance)
        running = ByHand(deployment, driver, model, Silent(), "owner")
        yield Owner(exports, running, feature_components(tree))


def _dbt_project(folder: Path) -> Path:
    project = folder / "dbt_project"
    shutil.copytree(
        PROJECT_ROOT / "dbt_project",
        project,
        ignore=shutil.ignore_patterns("models", "seeds", "target", "*.csv", "flight_*"),
    )
    (project / "seeds").mkdir()
    for name, text in DBT_MODELS.items():
        file = project / "models" / name
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(text)
    place = settings()
    parse(DbtProjectFolder(project, place.warehouse, place.lake, place.dbt_target))
    return project


@pytest.fixture(scope="module")
def first(owner: Owner) -> Decision:
    """The verdict on the first candidate."""
    owner.wake_on(TUESDAY)
    return owner.running.train()


@pytest.fixture(scope="module")
def watched(owner: Owner, first: Decision) -> list[str]:
    """Windows of the two days after it, as one finds them each morning."""
    names: list[str] = []
    for after in (1, 2):
        owner.wake_on(TUESDAY + timedelta(days=after))
        names += owner.running.watch(None)
    return names


def test_what_another_domain_lacks_keeps_nobody_from_building(
    owner: Owner, first: Decision
) -> None:
    customers, orders = sorted(owner.stores, key=lambda store: store.build_op)
    assert customers.published_tables().keys() == {"customer_features", "churn_labels"}
    assert (orders.landed_tables(), list(orders.published_tables())) == (
        ["orders"],
        ["order_features"],
    )
    assert customers.defs_state_config.key != orders.defs_state_config.key
    (builds,) = kept_builds(settings().landing, settings().published)
    assert builds.store == customers.build_op
    (state, store) = builds.read(), owner.running.model.store
    assert state is not None
    assert state.built_with == customers.builds_with()
    assert not store.is_built_otherwise(settings())
    other_sql = customers.builds_with().model_copy(update={"domain": "other SQL"})
    assert replace(store, builds_with=lambda: other_sql).is_built_otherwise(settings())


def test_the_first_champion_says_what_it_could_not_prove(owner: Owner, first: Decision) -> None:
    assert (first.kind, first.reason) == (
        "promote",
        "Promoted: all 10 criteria pass and there is no champion yet.",
    )
    card = next(settings().model_home("churn").glob("cards/v1/model_card.md")).read_text()
    assert f"{WITHOUT_EVENT_TIME} Small." in card
    assert "500 rows that landed on 2024-03-04," in card
    assert "20% of the rows with known labels, drawn by the hash of the entity within" in card
    assert "is resampled by rows (2000 times)" in card
    release = owner.running.deployment.ledger.current_release("churn")
    assert release is not None
    assert release.bento_tag is not None


def test_the_service_finds_the_features_of_the_first_champion(
    owner: Owner, first: Decision
) -> None:
    export = read_export(settings().online_store("churn"), "churn")
    assert (export.rows, export.entity) == (600, "customer_id")


def test_people_are_compared_in_the_card_and_named_nowhere_else(
    owner: Owner, first: Decision
) -> None:
    card = next(settings().model_home("churn").glob("cards/v1/model_card.md")).read_text()
    assert "### Training rows by gender" in card
    assert "#### By is_business" in card
    assert "loss by gender is" in card
    # `grep`, so that a file which nobody thought of is seen too.
    packed = [file for file in settings().bentoml_home.rglob("*") if file.is_file()]
    assert packed
    naming = {file.name for file in packed if b"gender" in file.read_bytes()}
    assert naming <= {"model_card.md", "model_card.html", "model_card.json"}


def test_each_window_has_what_is_new_or_changed_and_counts_the_rest(
    owner: Owner, watched: list[str]
) -> None:
    assert watched == ["2024-03-05", "2024-03-06"]
    scored = partition_records(("churn", "predictions"), ScoredWindow)
    for number, window in enumerate(scored.values()):
        assert 40 < window.rows <= 55
        assert window.rows + window.unchanged == 640 + 40 * number
        assert predictions_file(settings().predictions, "churn", window.window.name).is_file()


def test_drift_is_judged_by_rows_drawn_from_the_reference(owner: Owner, watched: list[str]) -> None:
    drift = drift_history(owner.running.model.spec)["2024-03-06"].drift
    assert (drift.features.unit, drift.features.reference_days) == ("row", 600)
    assert (drift.scores.unit, drift.scores.reference_days) == ("row", 300)
    assert drift.features.alarm is not None
    assert not any(column.drifted for column in drift.columns if column.column == "age")


def test_labels_are_known_at_their_landing(owner: Owner, watched: list[str]) -> None:
    tuesday, wednesday = performance_history(owner.running.model.spec).values()
    # The file of Tuesday night lands on Wednesday morning, and is built with Wednesday's window.
    assert tuesday.mature
    assert tuesday.outcomes_known == tuesday.rows
    # Of most that had only changed it was known before: nobody had to predict it.
    assert 40 <= tuesday.labelled < 45 < tuesday.rows
    assert tuesday.losses.loss is not None
    assert set(tuesday.intervals) >= {"loss", "loss_increase"}
    assert tuesday.fairness is not None
    gender, is_business = tuesday.fairness.columns
    assert sum(gender.groups.values()) == tuesday.labelled
    assert (set(gender.groups), set(is_business.groups)) == ({"f", "m"}, {"true", "false"})
    assert not wednesday.mature
    assert wednesday.labelled < 15 < wednesday.rows
