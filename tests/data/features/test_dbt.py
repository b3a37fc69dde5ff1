"""dbt inside this process: what is parsed, and how often."""

import json
import os
from pathlib import Path

import pytest

from mlops_platform.data.features.dbt import DbtProjectFolder, begin_as_parsed, parse
from mlops_platform.data.features.kept_projects import copy_project
from mlops_platform.settings import PROJECT_ROOT


def test_what_one_home_has_parsed_no_other_one_parses_again(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    project = tmp_path / "dbt_project"
    copy_project(PROJECT_ROOT / "dbt_project", project)
    first, second = (_of_home(project, tmp_path / name) for name in ("first", "second"))
    parse(first)
    whole = _parsed_files(project)
    assert whole > 0
    parse(second)
    assert _parsed_files(project) == 0
    assert "[info ]" in _log(second)
    assert "[debug]" not in _log(second)
    assert os.environ["MLOPS_WAREHOUSE"] == str(second.warehouse)
    copy = tmp_path / "copy"
    copy_project(project, copy)
    begin_as_parsed(copy, project)
    parse(_of_home(copy, tmp_path / "third"))
    assert _parsed_files(copy) == 0
    sources = project / "models" / "flights" / "overview.md"
    sources.write_text(sources.read_text() + "\n{% docs another %}Another.{% enddocs %}\n")
    monkeypatch.setenv("DBT_LOG_LEVEL_FILE", "debug")
    parse(first)
    assert 0 < _parsed_files(project) < whole
    assert "[debug]" in _log(first)


def _of_home(project: Path, home: Path) -> DbtProjectFolder:
    warehouse = home / "warehouse"
    return DbtProjectFolder(
        project, warehouse / "warehouse.duckdb", home / "lake", warehouse / "dbt"
    )


def _log(home: DbtProjectFolder) -> str:
    return (home.target / "dbt.log").read_text()


def _parsed_files(project: Path) -> int:
    """Of the last parse, as dbt counts them."""
    facts = json.loads((project / "target" / "perf_info.json").read_text())
    return int(facts["parsed_path_count"])
