"""One program of functions and classes of the platform, with all that they call, and nothing else.

What scores in an exported program is the very source that scores in a service: it is copied, not
written a second time. Annotations are copied as well, and never evaluated.
"""

from __future__ import annotations

import ast
import re
import sys
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from functools import cache
from importlib import import_module
from inspect import getsource
from types import ModuleType
from typing import Any, NamedTuple

from mlops_platform.exporting.refusal import NotExportable

PACKAGE = __name__.partition(".")[0]
_STRUCT = re.compile(r"^class (\w+)\(Struct, frozen=True, tag=True\):", re.MULTILINE)
"""Plain data that is packed by msgspec; without it a frozen dataclass is the same."""
_DATACLASS = "from dataclasses import dataclass"


class _Definition(NamedTuple):
    """A statement at the top of a module, and the text by which it is documented."""

    module: str
    first_line: int
    node: ast.stmt
    source: str


@dataclass
class _Program:
    """What was gathered so far: imports of the standard library, and definitions in order."""

    imports: set[str] = field(default_factory=set)
    definitions: dict[tuple[str, int], str] = field(default_factory=dict)
    origins: dict[str, str] = field(default_factory=dict)


def linked(*roots: Callable[..., Any] | type) -> str:
    """The source of a program that defines all of these under their own names.

    Raises:
        NotExportable: one of them needs more than the standard library, or two share a name.
    """
    program = _Program()
    for root in roots:
        _add(program, root.__module__, root.__name__)
    imports = "\n".join(sorted(program.imports))
    return f"{imports}\n\n\n" + "\n\n".join(program.definitions.values())


def _add(program: _Program, module: str, name: str) -> None:
    """Add what a module calls by a name, after what that needs."""
    definition = _definitions(module).get(name)
    if definition is None:
        if hasattr(_module("builtins"), name):
            return
        raise NotExportable(f"{module} has no {name} at its top.")
    if isinstance(definition.node, ast.Import | ast.ImportFrom):
        _add_import(program, definition, name)
        return
    place = (definition.module, definition.first_line)
    if place in program.definitions:
        return
    if program.origins.setdefault(name, module) != module:
        raise NotExportable(f"{name} is both of {module} and of {program.origins[name]}.")
    # A function may call itself, and two each other: the place is taken before they are followed.
    program.definitions[place] = ""
    source, structs = _STRUCT.subn(r"@dataclass(frozen=True)\nclass \1:", definition.source)
    if structs:
        program.imports.add(_DATACLASS)
    for needed in _names(definition.node):
        if needed in _definitions(module) and not (structs and needed == "Struct"):
            _add(program, module, needed)
    del program.definitions[place]
    program.definitions[place] = source


def _add_import(program: _Program, definition: _Definition, name: str) -> None:
    node = definition.node
    if isinstance(node, ast.Import):
        imported = next(alias for alias in node.names if (alias.asname or alias.name) == name)
        _require_standard(imported.name, definition.module)
        program.imports.add(f"import {imported.name}" + _renamed(imported))
        return
    assert isinstance(node, ast.ImportFrom)
    source = str(node.module)
    imported = next(alias for alias in node.names if (alias.asname or alias.name) == name)
    if source.partition(".")[0] != PACKAGE:
        _require_standard(source, definition.module)
        program.imports.add(f"from {source} import {imported.name}" + _renamed(imported))
    elif imported.asname is not None:
        raise NotExportable(f"{definition.module} calls {imported.name} {name}.")
    else:
        _add(program, source, name)


def _renamed(imported: ast.alias) -> str:
    return "" if imported.asname is None else f" as {imported.asname}"


def _require_standard(name: str, module: str) -> None:
    if name.partition(".")[0] not in sys.stdlib_module_names:
        raise NotExportable(f"{module} needs {name}, which is not of the standard library.")


@cache
def _module(name: str) -> ModuleType:
    return import_module(name)


@cache
def _definitions(module: str) -> dict[str, _Definition]:
    """The statements at the top of a module, by the names that they bind."""
    source = getsource(_module(module))
    body, lines = ast.parse(source).body, source.splitlines()
    definitions = {}
    for position, node in enumerate(body):
        after = body[position + 1] if position + 1 < len(body) else None
        last = after if isinstance(node, ast.Assign | ast.AnnAssign) and _is_text(after) else node
        decorators = getattr(node, "decorator_list", [])
        first = min([node.lineno, *(decorator.lineno for decorator in decorators)])
        assert last is not None
        text = "\n".join(lines[first - 1 : last.end_lineno])
        for name in _bound(node):
            definitions[name] = _Definition(module, first, node, text)
    return definitions


def _is_text(node: ast.stmt | None) -> bool:
    return (
        isinstance(node, ast.Expr)
        and isinstance(node.value, ast.Constant)
        and isinstance(node.value.value, str)
    )


def _bound(node: ast.stmt) -> Iterator[str]:
    if isinstance(node, ast.FunctionDef | ast.ClassDef):
        yield node.name
    elif isinstance(node, ast.Import | ast.ImportFrom):
        yield from (alias.asname or alias.name for alias in node.names)
    elif isinstance(node, ast.Assign | ast.AnnAssign):
        targets = node.targets if isinstance(node, ast.Assign) else [node.target]
        for target in targets:
            yield from (part.id for part in ast.walk(target) if isinstance(part, ast.Name))


def _names(node: ast.AST) -> Iterable[str]:
    """Names that a statement reads when it runs, in their order."""
    if isinstance(node, ast.Name):
        yield node.id
    for name, value in ast.iter_fields(node):
        if name in ("annotation", "returns"):
            continue
        for part in value if isinstance(value, list) else [value]:
            if isinstance(part, ast.AST):
                yield from _names(part)
