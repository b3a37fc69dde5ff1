"""The models that YAML files declare, read without Dagster.

Dagster's loader imports Dagster and every component's class, and notes where every value stands. It
stays the judge: wherever anything here is wrong or unusual it is asked, and names the line.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal, get_args

import yaml
from pydantic import BaseModel, ConfigDict

from mlops_platform.spec.consistency import inconsistencies
from mlops_platform.spec.model import ModelSpec
from mlops_platform.spec.yaml_templates import render_templates

ShippedType = Literal[
    "mlops_platform.components.ModelLifecycleComponent",
    "mlops_platform.components.DbtFeaturesComponent",
    "mlops_platform.components.DatabaseLandingComponent",
    "mlops_platform.components.FolderLandingComponent",
    "mlops_platform.components.SnapshotLandingComponent",
    "mlops_platform.demo.NycFlightsLandingComponent",
]
SHIPPED_TYPES: tuple[str, ...] = get_args(ShippedType)
FILE_NAMES = ("defs.yaml", "defs.yml", "component.yaml")


class _Declaration(BaseModel):
    """One document of a file: a model, or what certainly declares none and holds no folder."""

    model_config = ConfigDict(extra="forbid")

    type: ShippedType
    attributes: dict[str, Any] | None = None


class _Loader(getattr(yaml, "CSafeLoader", yaml.SafeLoader)):  # type: ignore[misc]
    """As Dagster's: a date stays a text. Other than plain values are left to Dagster's."""


for tag in ("binary", "omap", "pairs", "set"):
    _Loader.add_constructor(f"tag:yaml.org,2002:{tag}", _Loader.construct_undefined)
_Loader.add_constructor("tag:yaml.org,2002:timestamp", _Loader.construct_yaml_str)


@dataclass(frozen=True)
class PlainDeclaration:
    """A document of a file: a component of ours, with its templates as they are written."""

    file: Path
    type: str
    attributes: dict[str, Any]


def plain_declarations(folder: Path) -> Iterator[PlainDeclaration]:
    """Every component of ours below a folder that can be read plainly; others are passed over."""
    for file in declaring_files(folder):
        if file.suffix == ".py":
            continue
        try:
            documents = [_Declaration.model_validate(document) for document in _documents(file)]
        except (yaml.YAMLError, ValueError, OSError):
            continue
        for document in documents:
            yield PlainDeclaration(file, document.type, document.attributes or {})


def plainly_declared_specs(folder: Path) -> list[ModelSpec] | None:
    """Every model declared below a folder, in Dagster's order; None where Dagster must be asked."""
    try:
        return [spec for file in declaring_files(folder) for spec in _specs(file)]
    except Exception:  # Dagster's loader meets it too, and says it better
        return None


def declaring_files(folder: Path) -> Iterator[Path]:
    """Files below a folder that the loader reads: its YAML, and Python that is not empty."""
    own = next((folder / name for name in FILE_NAMES if (folder / name).exists()), None)
    if own is not None:
        yield own
        return
    for path in sorted(folder.iterdir()):
        if path.name == "__pycache__" or path.name.startswith("."):
            continue
        if path.is_dir():
            yield from declaring_files(path)
        elif path.suffix == ".py" and path.stat().st_size:
            yield path


def _specs(file: Path) -> Iterator[ModelSpec]:
    if file.suffix == ".py":
        raise ValueError(f"{file} may declare a model in Python")
    documents = _documents(file)
    if not documents:
        raise ValueError(f"{file} declares nothing")
    for document in documents:
        declaration = _Declaration.model_validate(document)
        if declaration.type.endswith(".ModelLifecycleComponent"):
            spec = ModelSpec.model_validate(render_templates(declaration.attributes))
            for contradiction in inconsistencies(spec):
                raise contradiction
            yield spec


def _documents(file: Path) -> list[Any]:
    return list(yaml.load_all(file.read_text(encoding="utf-8"), _Loader))
