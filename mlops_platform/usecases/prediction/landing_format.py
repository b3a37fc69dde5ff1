"""The files that land for a model: how their columns are called and their text is written.

What is declared is read without Dagster; a declaration that cannot be read so is passed over, and
`mlops check` tells what is wrong with it.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, Final

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from mlops_platform.data.landing.files.csv_dialect import CsvDialect
from mlops_platform.errors import DataError
from mlops_platform.spec.declarations import PlainDeclaration, plain_declarations
from mlops_platform.spec.yaml_templates import render_templates
from mlops_platform.usecases.prediction.csv_text import CsvText

MODEL: Final = ".ModelLifecycleComponent"
FILES: Final = (".FolderLandingComponent", ".SnapshotLandingComponent")
"""Ends of the types whose rows are from files."""


class LandingFormat(BaseModel):
    """What a landing declares of its files.

    Args:
        name: of the folder of its declaration.
        columns: output column to input column; all as they are where None.
        types: output column to DuckDB type, as it is spelled.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    name: str
    columns: Mapping[str, str] | None = None
    types: Mapping[str, str] = Field(default_factory=dict)
    csv: CsvDialect = CsvDialect()
    null_values: tuple[str, ...] = ("",)

    @property
    def text(self) -> CsvText:
        """How its CSV files are written."""
        return CsvText(self.csv, self.null_values)

    def places(self, names: Sequence[str]) -> Mapping[str, int]:
        """The place of each column by its output name; what is not declared keeps its name."""
        declared = self.declared(names)
        taken = {output.lower() for output in declared}
        others = {
            name: at
            for at, name in enumerate(names)
            if at not in declared.values() and name.lower() not in taken
        }
        return {**declared, **others}

    def refuse_clash(self, path: Path, names: Sequence[str]) -> None:
        """Refuse a column that is called like an output which another one is.

        Raises:
            DataError: names both.
        """
        declared = self.declared(names)
        by_name = {name.lower(): name for name in names}
        for output, at in declared.items():
            name = by_name.get(output.lower(), names[at])
            if names.index(name) not in declared.values():
                raise DataError(
                    f"{path}: '{names[at]}' and '{name}' are both the column '{output}' of "
                    f"{self.name}. Remove or rename one of them."
                )

    def declared(self, names: Sequence[str]) -> dict[str, int]:
        """The places of those columns that are declared, by output name."""
        if self.columns is None:
            return {name: at for at, name in enumerate(names)}
        by_name = {name.lower(): at for at, name in enumerate(names)}
        return {
            output: by_name[source.lower()]
            for output, source in self.columns.items()
            if source.lower() in by_name
        }

    def type_of(self, column: str) -> str | None:
        """The declared type of a column, as it is spelled."""
        return {name.lower(): kind for name, kind in self.types.items()}.get(column.lower())


def landing_formats(folder: Path, model: str) -> list[LandingFormat]:
    """What is declared of files that land beside a model, in its domain.

    Args:
        folder: of all declarations.
    """
    declarations = list(plain_declarations(folder))
    domains = [
        declaration.file.parent.parent
        for declaration in declarations
        if declaration.type.endswith(MODEL) and declaration.attributes.get("name") == model
    ]
    return [
        landing
        for declaration in declarations
        if any(declaration.file.is_relative_to(domain) for domain in domains)
        for landing in _landing(declaration)
    ]


def _landing(declaration: PlainDeclaration) -> Iterator[LandingFormat]:
    if not declaration.type.endswith(FILES):
        return
    # Folder and partitions do not matter here, nor whether their variables are set.
    declared: dict[str, Any] = {
        name: value
        for name, value in declaration.attributes.items()
        if name in LandingFormat.model_fields and name != "name"
    }
    try:
        yield LandingFormat(name=declaration.file.parent.name, **render_templates(declared))
    except (ValidationError, DataError):
        return
