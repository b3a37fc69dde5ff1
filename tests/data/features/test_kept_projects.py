"""What a build ran with is kept, once for each project."""

from pathlib import Path

import pytest

from mlops_platform.data.features.kept_projects import KeptProjects
from mlops_platform.data.features.project.sources import differing_sources, project_digest
from mlops_platform.errors import DataError

COMPILED = {"model.visits.labels": "select 1"}


@pytest.fixture
def project(tmp_path: Path) -> Path:
    folder = tmp_path / "dbt_project"
    for name in ("models/labels.sql", "dbt_project.yml", "target/manifest.json", "logs/dbt.log"):
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text(name)
    return folder


@pytest.fixture
def kept(tmp_path: Path) -> KeptProjects:
    return KeptProjects(tmp_path / "lake")


def test_before_the_first_build_nothing_is_said(kept: KeptProjects) -> None:
    assert kept.last_build() is None
    assert kept.sources("ab") is None
    assert kept.compiled("ab") == {}


def test_sources_and_compiled_sql_are_kept_once(
    kept: KeptProjects, project: Path, tmp_path: Path
) -> None:
    digest = project_digest(project)
    kept.keep(project, digest, COMPILED)
    sources, last = kept.sources(digest), kept.last_build()
    assert sources is not None
    assert project_digest(sources) == digest
    assert not (sources / "target").exists()
    assert last is not None
    assert last.dbt_project == digest
    before = {file: file.stat().st_mtime_ns for file in (tmp_path / "lake").rglob("*")}
    kept.keep(project, digest, dict.fromkeys(COMPILED, "select 2"))
    assert {file: file.stat().st_mtime_ns for file in (tmp_path / "lake").rglob("*")} == before
    kept.keep(project, digest, {"model.visits.visits": "select 3"})
    assert kept.compiled(digest) == {**COMPILED, "model.visits.visits": "select 3"}


def test_the_last_build_is_that_of_the_project_that_built_last(
    kept: KeptProjects, project: Path
) -> None:
    first = project_digest(project)
    kept.keep(project, first, COMPILED)
    (project / "models" / "labels.sql").write_text("select 4")
    kept.keep(project, second := project_digest(project), COMPILED)
    last = kept.last_build()
    assert last is not None
    assert last.dbt_project == second
    old, new = kept.sources(first), kept.sources(second)
    assert old is not None
    assert new is not None
    assert differing_sources(old, new) == ("models/labels.sql",)


def test_what_was_edited_since_it_was_parsed_is_not_kept_under_its_digest(
    kept: KeptProjects, project: Path
) -> None:
    digest = project_digest(project)
    (project / "models" / "labels.sql").write_text("select 5")
    kept.keep(project, digest, COMPILED)
    last = kept.last_build()
    assert last is not None
    assert last.dbt_project == digest
    assert kept.sources(digest) is None
    assert kept.compiled(digest) == {}


def test_a_damaged_record_of_the_last_build_is_named(kept: KeptProjects, tmp_path: Path) -> None:
    file = tmp_path / "lake" / "dbt_projects" / "last_build.json"
    file.parent.mkdir(parents=True)
    file.write_text("{}")
    with pytest.raises(DataError, match=r"last_build\.json is damaged"):
        kept.last_build()
