from pathlib import Path

import pytest

from mlops_platform.data.features.project.sources import digest_of, project_digest, source_digests

FILES = (
    "dbt_project.yml",
    "macros/time.sql",
    "models/overview.md",
    "models/shop/marts/orders.sql",
    "models/flights/marts/flights.sql",
    "seeds/flights/zones.csv",
    "tests/generic/unique_key.sql",
    "tests/flights/all_there.sql",
)


@pytest.fixture
def project(tmp_path: Path) -> Path:
    for name in FILES:
        file = tmp_path / name
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(name)
    return tmp_path


@pytest.mark.parametrize("changed", FILES)
def test_a_domain_is_another_where_its_own_files_or_shared_ones_change(
    project: Path, changed: str
) -> None:
    before, whole = digest_of(source_digests(project), {"shop"}), project_digest(project)
    (project / changed).write_text("another")
    assert project_digest(project) != whole
    is_of_others = "/flights/" in changed
    assert (digest_of(source_digests(project), {"shop"}) == before) == is_of_others
    assert digest_of(source_digests(project)) == project_digest(project)
