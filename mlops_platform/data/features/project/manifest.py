"""What a parsed dbt project declares: its tables, the sources they are made from, and tests."""

import json
from collections.abc import Container, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from mlops_platform.data.features.project.nodes import LANDING, landed_behind, publication_of


@dataclass(frozen=True)
class DeclaredTable:
    """A model or a source, and where it is declared.

    Args:
        file: path within the project, of its YAML where it has one.
        types: of its columns by name, in capitals; empty where none is declared.
        landed: landed tables that it is made from.
    """

    name: str
    file: str
    types: Mapping[str, str]
    published: bool = False
    landed: frozenset[str] = frozenset()


@dataclass(frozen=True)
class UndefinedTest:
    """A data test that neither the project nor a package defines: dbt says so when it runs."""

    name: str
    file: str


@dataclass(frozen=True)
class DbtManifest:
    """What matters of a manifest to who checks what refers to it."""

    models: Mapping[str, DeclaredTable] = field(default_factory=dict)
    sources: Mapping[str, DeclaredTable] = field(default_factory=dict)
    tests: tuple[str, ...] = ()
    undefined_tests: tuple[UndefinedTest, ...] = ()
    known_tests: tuple[str, ...] = ()

    @property
    def published(self) -> dict[str, DeclaredTable]:
        """The models that are published, by name."""
        return {name: model for name, model in self.models.items() if model.published}

    @property
    def unpublished(self) -> dict[str, str]:
        """Files of the models that are not, by name of the model."""
        return {name: model.file for name, model in self.models.items() if not model.published}


def read_manifest(file: Path) -> DbtManifest:
    """Read what parsing wrote."""
    manifest: Mapping[str, Any] = json.loads(file.read_bytes())
    nodes = manifest["nodes"].values()
    sources = {
        source["name"]: DeclaredTable(
            source["name"], source["original_file_path"], _types(source["columns"])
        )
        for source in manifest["sources"].values()
        if source["source_name"] == LANDING
    }
    tests = [node for node in nodes if node["resource_type"] == "test"]
    known_tests = set(_known_tests(manifest))
    return DbtManifest(
        models={
            node["name"]: DeclaredTable(
                name=node["name"],
                file=declaring_file(node),
                types=_types(node["columns"]),
                published=bool(publication_of(node)),
                landed=frozenset(landed_behind(manifest, [unique_id])),
            )
            for unique_id, node in manifest["nodes"].items()
            if node["resource_type"] == "model"
        },
        sources=sources,
        tests=tuple(node["name"] for node in tests),
        undefined_tests=tuple(_undefined(tests, known_tests)),
        known_tests=tuple(sorted(known_tests)),
    )


def _types(columns: Mapping[str, Mapping[str, Any]]) -> dict[str, str]:
    return {name: (column.get("data_type") or "").upper() for name, column in columns.items()}


def declaring_file(node: Mapping[str, Any]) -> str:
    """The file that a node of the manifest is described in, within its project."""
    patch: str | None = node.get("patch_path")
    return patch.partition("://")[2] if patch else str(node["original_file_path"])


def _undefined(
    tests: Iterable[Mapping[str, Any]], known: Container[str]
) -> Iterator[UndefinedTest]:
    for node in tests:
        metadata = node.get("test_metadata")  # only generic tests have a name to look up
        if metadata is None or metadata.get("namespace") is not None:
            continue
        if metadata["name"] not in known:
            yield UndefinedTest(metadata["name"], declaring_file(node))


def _known_tests(manifest: Mapping[str, Any]) -> Iterator[str]:
    for macro in manifest["macros"].values():
        if macro["name"].startswith("test_"):
            yield macro["name"].removeprefix("test_")
