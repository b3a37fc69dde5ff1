"""Column lineage from landing to features: read once per project version, shown by every build.

Reading it needs compiled SQL, a schema query per model and a subprocess, some 13 s against 1 s for
a warm build; and the UI shows only what the latest materialisation carries. So a job of its own
collects it, and every build repeats it from a file.
"""

import json
from collections.abc import Mapping, Sequence
from pathlib import Path

import dagster as dg
from dagster_dbt import DbtCliResource, DbtProject

from mlops_platform.data.dbt import project_digest, release_warehouse
from mlops_platform.files import write_json
from mlops_platform.settings import settings

LINEAGE = "dagster/column_lineage"


def collect_column_lineage(
    context: dg.AssetExecutionContext, dbt: DbtCliResource, arguments: Sequence[str]
) -> None:
    """Build once through dagster-dbt's subprocess and keep the lineage that it reads."""
    lineage: dict[str, dict[str, list[list[str]]]] = {}
    try:
        for event in dbt.cli(list(arguments), context=context).stream().fetch_column_metadata():
            if isinstance(event, dg.Output) and LINEAGE in event.metadata:
                unique_id = str(event.metadata["unique_id"].value)
                lineage[unique_id] = _as_json(event.metadata[LINEAGE])
    finally:
        release_warehouse()
    project = DbtProject(dbt.project_dir)
    write_json(_file(), {"dbt_project": project_digest(project.project_dir), "models": lineage})
    context.log.info("column lineage of %d models collected", len(lineage))


def known_column_lineage(project: DbtProject) -> Mapping[str, dg.TableColumnLineage]:
    """Lineage by dbt unique id, empty where none was collected for the project as it is."""
    if not _file().is_file():
        return {}
    known = json.loads(_file().read_text())
    if known["dbt_project"] != project_digest(project.project_dir):
        return {}
    return {unique_id: _from_json(columns) for unique_id, columns in known["models"].items()}


def _file() -> Path:
    return settings().warehouse.parent / "column_lineage.json"


def _as_json(found: dg.MetadataValue) -> dict[str, list[list[str]]]:
    assert isinstance(found, dg.TableColumnLineageMetadataValue)
    return {
        column: sorted([dep.asset_key.to_user_string(), dep.column_name] for dep in deps)
        for column, deps in found.column_lineage.deps_by_column.items()
    }


def _from_json(columns: Mapping[str, Sequence[Sequence[str]]]) -> dg.TableColumnLineage:
    return dg.TableColumnLineage(
        {
            column: [
                dg.TableColumnDep(asset_key=dg.AssetKey.from_user_string(key), column_name=name)
                for key, name in deps
            ]
            for column, deps in columns.items()
        }
    )
