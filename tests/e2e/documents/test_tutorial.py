"""The tutorial, as a newcomer types it: in a project and a home of its own."""

import shutil
from pathlib import Path

import pytest

from mlops_platform.settings import PROJECT_ROOT
from tests.documents.blocks import TUTORIAL, commands_of
from tests.e2e.conftest import PARTS, Deployment
from tests.e2e.documents.running import Reader
from tests.ports import free_port

pytestmark = pytest.mark.slow

PAGE = PROJECT_ROOT / TUTORIAL
KEPT_MODEL = "flight_delay"
KEPT_BY_TOOLS = {"__pycache__", ".init", ".local_defs_state"}


@pytest.fixture(scope="module")
def newcomer(tmp_path_factory: pytest.TempPathFactory) -> Reader:
    """Somebody with a checkout in which nothing was ever run.

    Of the models that come with it one is left: `make lint` checks all of them.
    """
    project = tmp_path_factory.mktemp("checkout")
    ignored = shutil.ignore_patterns("target", "logs", ".local_defs_state", "*.pyc.*")
    for part in (*PARTS, "docs/tutorial"):
        source, place = PROJECT_ROOT / part, project / part
        if source.is_dir():
            shutil.copytree(source, place, ignore=ignored)
        else:
            shutil.copy(source, place)
    for file in [*(project / "mlops_platform" / "defs").rglob("defs.yaml")]:
        if "ModelLifecycleComponent" in file.read_text() and file.parent.name != KEPT_MODEL:
            shutil.rmtree(file.parent)
    folder = project / "parcels"
    deployment = Deployment(project, folder / "home", free_port(), model="late_parcels")
    # One week of the two.
    return Reader(deployment, {"/tmp/parcels": str(folder), "2024-05-19": "2024-05-12"})


def test_a_file_becomes_a_champion_and_all_of_it_is_taken_back(newcomer: Reader) -> None:
    before = _own_files(newcomer.deployment.project)
    newcomer.read(list(commands_of(PAGE)))
    for model in (KEPT_MODEL, newcomer.deployment.model):
        assert f"{model}: every candidate fits and predicts" in _said(newcomer, " check")
    assert "is the champion" in _said(newcomer, " train ")
    assert "100 rows" in _said(newcomer, " predict ")
    assert _own_files(newcomer.deployment.project) == before


def _said(newcomer: Reader, command: str) -> str:
    return next(said for typed, said in newcomer.said.items() if command in typed)


def _own_files(project: Path) -> set[str]:
    """Files of models and landings, without what the tools keep beside them."""
    return {
        file.relative_to(project).as_posix()
        for folder in ("mlops_platform/defs", "dbt_project/models")
        for file in (project / folder).rglob("*")
        if file.is_file() and not KEPT_BY_TOOLS & set(file.parts)
    }
