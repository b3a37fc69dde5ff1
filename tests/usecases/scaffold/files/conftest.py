"""A home of somebody who owns all cases: their files are written, their data land, dbt builds."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

import dagster as dg
import duckdb
import pytest
from dagster.components.testing import create_defs_folder_sandbox

from mlops_platform.cli.home.setup import copy_dagster_yaml
from mlops_platform.components.garbage_collection import lasting_objects
from mlops_platform.components.landing.jobs import landing_jobs
from mlops_platform.components.model_lifecycle.component import lifecycle_models
from mlops_platform.components.model_lifecycle.shared import shared_automation
from mlops_platform.components.record_io_manager import RecordIOManager
from mlops_platform.data.dbt_plugins.landing_macro import Plugin
from mlops_platform.data.features.dbt import DbtProjectFolder, parse
from mlops_platform.driving.by_hand import ByHand
from mlops_platform.driving.driver import JobDriver
from mlops_platform.driving.instance import open_quiet_instance
from mlops_platform.driving.missing import build, land, unlanded_days
from mlops_platform.settings import PROJECT_ROOT, settings
from mlops_platform.usecases.deployment import Deployment, deployment_at
from mlops_platform.usecases.scaffold.files.names import DEFS
from mlops_platform.usecases.scaffold.files.project_files import project_files
from tests.driving.silent import Silent
from tests.homes.blank_registry import put_blank_registry
from tests.usecases.scaffold.files.cases import CASES, own_models, write_exports


@dataclass
class Owned:
    """A deployment of all cases.

    Args:
        project: the dbt project.
        by_hand: commands of each model, by its name.
    """

    project: Path
    deployment: Deployment
    by_hand: dict[str, ByHand]

    def query(self, sql: str) -> list[tuple[object, ...]]:
        with duckdb.connect(str(settings().warehouse), read_only=True) as warehouse:
            warehouse.execute("SET TimeZone = 'UTC'")
            Plugin("landing", {"lake": str(settings().lake)}).configure_cursor(warehouse)
            return warehouse.execute(sql).fetchall()


def write_into(folder: Path, exports: Path) -> None:
    """Every file of every case, below the root of a project."""
    files = dict(own_models())
    for case in CASES:
        files |= project_files(case(exports))
    for path, text in files.items():
        file = folder / path
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(text, encoding="utf-8")


@pytest.fixture(scope="session")
def written(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A project of nothing but these cases, with the platform's macros and tests."""
    root = tmp_path_factory.mktemp("written")
    ignored = shutil.ignore_patterns("models", "seeds", "target", "flights", "*.csv")
    shutil.copytree(PROJECT_ROOT / "dbt_project", root / "dbt_project", ignore=ignored)
    (root / "dbt_project" / "seeds").mkdir()
    exports = root / "exports"
    exports.mkdir()
    write_exports(exports)
    write_into(root, exports)
    return root


@pytest.fixture(scope="module")
def owned(written: Path) -> Iterator[Owned]:
    """The same, landed and built."""
    with ExitStack() as stack:
        patch = stack.enter_context(pytest.MonkeyPatch.context())
        patch.setenv("MLOPS_HOME", str(written / "home"))
        settings.cache_clear()
        stack.callback(settings.cache_clear)
        copy_dagster_yaml(settings())
        patch.setenv("DAGSTER_HOME", str(settings().dagster_home))
        deployment = deployment_at(settings())
        deployment.ledger.create_schema()
        put_blank_registry(settings().home)
        place, project = settings(), written / "dbt_project"
        parse(DbtProjectFolder(project, place.warehouse, place.lake, place.dbt_target))
        sandbox = stack.enter_context(create_defs_folder_sandbox())
        for file in (written / DEFS).rglob("defs.yaml"):
            target = sandbox.defs_folder_path / file.relative_to(written / DEFS)
            target.parent.mkdir(parents=True)
            text = file.read_text(encoding="utf-8")
            target.write_text(text.replace("{{ context.project_root }}", str(written)))
        tree = stack.enter_context(sandbox.build_component_tree())
        with lasting_objects():
            instances = tree.build_defs()
        models = lifecycle_models(tree)
        definitions = dg.Definitions.merge(
            dg.Definitions(
                executor=dg.in_process_executor, resources={"io_manager": RecordIOManager()}
            ),
            landing_jobs(instances),
            shared_automation(models),
            instances,
        )
        instance = stack.enter_context(open_quiet_instance())
        driver, now = JobDriver(definitions, instance), datetime.now(UTC)
        for model in models:
            days = unlanded_days(driver, model, place, now)
            land(driver, model, days, now, lambda step: None)
        for model in {model.store.build_op: model for model in models}.values():
            build(driver, model, lambda step: None)
        by_hand = {
            model.name: ByHand(deployment, driver, model, Silent(), "owner") for model in models
        }
        yield Owned(project, deployment, by_hand)
