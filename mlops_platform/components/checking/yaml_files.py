"""The documents of all YAML files of a folder, with the position of everything in them."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml
from dagster_shared.yaml_utils import parse_yamls_with_source_position
from dagster_shared.yaml_utils.source_position import SourcePositionTree

from mlops_platform.components.checking.mistake import Mistake, shown_file, shown_value
from mlops_platform.errors import SpecError
from mlops_platform.spec.declarations import FILE_NAMES, declaring_files

Part = str | int
"""Of a path in a document: a key, or a position in a list."""


@dataclass(frozen=True)
class Document:
    """One declaration of a component."""

    file: Path
    value: Any
    positions: SourcePositionTree

    @property
    def shown_file(self) -> str:
        """As mistakes name it."""
        return shown_file(self.file)

    def holds(self, line: int | None) -> bool:
        """Whether a line of its file is one of its own."""
        position = self.positions.position
        return line is None or position.start.line <= line <= position.end.line

    def line_of(self, path: Sequence[Part]) -> int:
        """Line of what stands at a path, or of the nearest thing around it."""
        return self.positions.lookup_closest_and_path(path, None)[0].start.line

    def mistake(self, path: Sequence[Part], problem: str, value: object | None = None) -> Mistake:
        """A mistake at a path in it."""
        return Mistake(
            file=self.shown_file,
            line=self.line_of(path),
            field=".".join(map(str, path)) or None,
            value=None if value is None else shown_value(value),
            problem=problem,
        )

    def mistake_of(self, error: SpecError) -> Mistake:
        """The same of an error that names a field of the attributes."""
        parts = [int(part) if part.isdigit() else part for part in error.field.split(".")]
        return self.mistake(["attributes", *parts], error.fix, error.value)

    def known_part(self, path: Sequence[Part], *, missing: bool) -> list[Part]:
        """A path without the parts that are not of the YAML: pydantic names choices in between.

        Args:
            missing: the last part is not there, and is kept.
        """
        known: list[Part] = []
        tree: SourcePositionTree | None = self.positions
        for at, part in enumerate(path):
            children: Mapping[Part, SourcePositionTree] = tree.children if tree else {}
            if part in children:
                known.append(part)
                tree = children[part]
            elif missing and at == len(path) - 1:
                known.append(part)
        return known


def documents_below(folder: Path) -> tuple[list[Document], list[Mistake]]:
    """What the loader reads below a folder, and what cannot be read at all."""
    documents: list[Document] = []
    mistakes: list[Mistake] = []
    for file in declaring_files(folder):
        if file.name not in FILE_NAMES:
            continue
        try:
            read = list(_documents(file))
        except yaml.MarkedYAMLError as error:
            mistakes.append(_syntax_mistake(file, error))
        except (yaml.YAMLError, UnicodeDecodeError, ValueError) as error:
            mistakes.append(Mistake(file=shown_file(file), problem=f"It is no YAML: {error}"))
        else:
            documents += read
            if not read:
                fix = "It declares nothing: write `type` and `attributes`, or remove the file."
                mistakes.append(Mistake(file=shown_file(file), problem=fix))
    return documents, mistakes


def ignored_files(folder: Path) -> Iterator[Mistake]:
    """YAML that nobody reads: of another name, or below a folder that declares something itself."""
    read = set(declaring_files(folder))
    for file in sorted(folder.rglob("*.y*ml")):
        hidden = any(part.startswith(".") for part in file.relative_to(folder).parts)
        if file not in read and not hidden:
            fix = (
                "Nobody reads this file: a declaration is called defs.yaml, in a folder of its own "
                "that is not below that of another."
            )
            yield Mistake(file=shown_file(file), problem=fix)


def _documents(file: Path) -> Iterator[Document]:
    text = file.read_text(encoding="utf-8")
    for tree in parse_yamls_with_source_position(text, str(file)):
        yield Document(file, tree.value, tree.source_position_tree)


def _syntax_mistake(file: Path, error: yaml.MarkedYAMLError) -> Mistake:
    mark = error.problem_mark or error.context_mark
    said = ", ".join(filter(None, (error.context, error.problem)))
    where = "" if mark is None else f" at column {mark.column + 1}"
    return Mistake(
        file=shown_file(file),
        line=None if mark is None else mark.line + 1,
        problem=f"It is no YAML{where}: {said}. Indentation, a colon or a quote is usual.",
    )
