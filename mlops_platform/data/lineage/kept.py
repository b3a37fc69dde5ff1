"""The lineage of a dbt project, kept until the project changes: dbt takes seconds to compile it."""

from __future__ import annotations

import json
import tempfile
from dataclasses import replace
from pathlib import Path
from typing import Final

from pydantic import ValidationError

from mlops_platform.data.features.dbt import DbtProjectFolder, compile_models
from mlops_platform.data.features.project.sources import project_digest
from mlops_platform.data.lineage.project_lineage import ProjectLineage, lineage_of
from mlops_platform.errors import FormatError
from mlops_platform.files import write_text

_FILE: Final = "column_lineage.json"


def project_lineage(project: DbtProjectFolder) -> ProjectLineage:
    """The lineage of a project as its sources are now; compiled in a scratch place where need be.

    Nothing is built, and the warehouse is not opened: it works while another process builds.

    Raises:
        DataError: the project does not parse or compile.
    """
    kept = kept_lineage(project)
    if kept is not None:
        return kept
    with tempfile.TemporaryDirectory(prefix="mlops-lineage-") as scratch:
        folder = Path(scratch)
        place = replace(
            project, warehouse=folder / project.warehouse.name, target=folder / "target"
        )
        compile_models(place)
        return keep_lineage(project, place.target)


def keep_lineage(project: DbtProjectFolder, target: Path) -> ProjectLineage:
    """Read the lineage from what dbt has compiled, and keep it.

    Args:
        target: folder with the compiled SQL.
    """
    manifest = json.loads(project.manifest.read_bytes())
    lineage = lineage_of(manifest, target / "compiled", project_digest(project.folder))
    write_text(project.target / _FILE, lineage.to_stored(indent=None))
    return lineage


def kept_lineage(project: DbtProjectFolder) -> ProjectLineage | None:
    """What was kept; None where it is of other sources, or nothing was."""
    try:
        lineage = ProjectLineage.from_stored((project.target / _FILE).read_bytes())
    except (FileNotFoundError, ValidationError, FormatError):
        return None  # it is made again
    return lineage if lineage.project == project_digest(project.folder) else None
