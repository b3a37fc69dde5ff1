"""The lineage of a project is compiled without building anything, once for its sources."""

from dataclasses import replace
from pathlib import Path

import pytest

from mlops_platform.data.features.dbt import DbtProjectFolder
from mlops_platform.data.features.kept_projects import copy_project
from mlops_platform.data.lineage.kept import kept_lineage, project_lineage
from mlops_platform.settings import DBT_PROJECT

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def project(tmp_path_factory: pytest.TempPathFactory) -> DbtProjectFolder:
    root = tmp_path_factory.mktemp("lineage")
    copy_project(DBT_PROJECT, root / "project")
    return DbtProjectFolder(
        folder=root / "project",
        warehouse=root / "home" / "warehouse.duckdb",
        lake=root / "home" / "lake",
        target=root / "home" / "dbt",
    )


def test_every_feature_of_a_home_where_nothing_was_built_comes_from_something_landed(
    project: DbtProjectFolder,
) -> None:
    assert kept_lineage(project) is None

    lineage = project_lineage(project)

    assert not lineage.unread
    table = "features/flight_features"
    assert all(lineage.origins((table, name)) for name in lineage.tables[table])
    assert lineage.origins((table, "temperature_f")) == (("landing/weather", "temperature_f"),)
    assert [file.name for file in project.target.iterdir()] == ["column_lineage.json"]
    assert not project.warehouse.exists()
    assert kept_lineage(project) == lineage


def test_what_was_kept_of_other_sources_or_is_damaged_is_made_again(
    project: DbtProjectFolder, tmp_path: Path
) -> None:
    kept = project_lineage(project)
    changed = replace(project, folder=tmp_path / "changed")
    copy_project(project.folder, changed.folder)
    (changed.folder / "models" / "note.md").write_text("Another source.")
    assert kept_lineage(changed) is None
    file = project.target / "column_lineage.json"
    whole = file.read_text()
    file.write_text(whole[: len(whole) // 2])
    assert kept_lineage(project) is None
    file.write_text(whole)
    assert kept_lineage(project) == kept
