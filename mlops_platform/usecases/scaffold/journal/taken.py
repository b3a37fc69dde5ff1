"""Names that a project has already."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from mlops_platform.errors import DataError
from mlops_platform.usecases.scaffold.journal.journal import FOLDER, Journal
from mlops_platform.usecases.scaffold.proposing.names import TakenNames

LANDING_PREFIX = "landing_"


def taken_names(journal: Journal) -> TakenNames:
    """Domains of others, landed tables and models.

    Raises:
        DataError: a file of dbt's sources is no YAML.
    """
    folders = [folder for folder in sorted(journal.defs.glob("[!._]*")) if folder.is_dir()]
    models = {
        model.parent.name: folder.name
        for folder in folders
        for model in folder.glob("[!.]*/defs.yaml")
        if not model.parent.name.startswith(LANDING_PREFIX)
    }
    return TakenNames(
        domains=tuple(f.name for f in folders if not any((f / FOLDER).glob("*.json"))),
        tables=dict(_tables(journal.root / "dbt_project" / "models")),
        models=models,
    )


def _tables(models: Path) -> Iterator[tuple[str, str]]:
    """Landed tables as dbt's sources declare them, with the folder that does."""
    import yaml

    for file in sorted([*models.rglob("*.yml"), *models.rglob("*.yaml")]):
        text = file.read_text(encoding="utf-8")
        if "sources:" not in text:
            continue
        try:
            declared = yaml.safe_load(text)
        except yaml.YAMLError as error:
            raise DataError(f"{file} is no YAML: {error}. Mend it, or undo the edit.") from error
        for source in declared.get("sources") or ():
            for table in source.get("tables") or ():
                yield table["name"], file.relative_to(models).parts[0]
