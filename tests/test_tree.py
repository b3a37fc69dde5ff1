"""The shape of the tree: rooms that a head holds, and arrows that go one way inside them."""

import ast
from collections import defaultdict
from collections.abc import Iterator, Mapping
from pathlib import Path

import pytest

from mlops_platform.settings import PROJECT_ROOT

PACKAGE = PROJECT_ROOT / "mlops_platform"
MOST_MODULES = 15
MOST_PARAMETERS = 6


def _rooms(root: Path) -> list[Path]:
    return sorted({file.parent for file in root.rglob("*.py") if "__pycache__" not in file.parts})


def _name(room: Path) -> str:
    return room.relative_to(PROJECT_ROOT).as_posix()


def test_no_room_has_more_modules_than_a_head_holds() -> None:
    rooms = [*_rooms(PACKAGE), *_rooms(PROJECT_ROOT / "tests")]
    modules = {_name(room): [*room.glob("[!_]*.py")] for room in rooms}
    assert [name for name, files in modules.items() if len(files) > MOST_MODULES] == []


def test_no_function_takes_more_parameters_than_a_head_holds() -> None:
    sources = [PACKAGE, PROJECT_ROOT / "benchmarks", PROJECT_ROOT / "tests"]
    files = [file for source in sources for file in source.rglob("*.py")]
    assert [name for file in files for name in _overloaded(file)] == []


def _overloaded(file: Path) -> Iterator[str]:
    """Functions that take too much; a test takes its fixtures and cases."""
    for node in ast.walk(ast.parse(file.read_text())):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            taken = [*node.args.posonlyargs, *node.args.args, *node.args.kwonlyargs]
            names = {parameter.arg for parameter in taken} - {"self", "cls"}
            if len(names) > MOST_PARAMETERS and not node.name.startswith("test_"):
                yield f"{file.relative_to(PROJECT_ROOT)}: {node.name}"


def test_no_parts_of_a_room_know_each_other() -> None:
    assert [_name(room) for room in _rooms(PACKAGE) if _circle(_arrows(room))] == []


def test_a_circle_is_found() -> None:
    assert _circle({"a": {"b"}, "b": {"c"}, "c": {"a"}})
    assert not _circle({"a": {"b", "c"}, "b": {"c"}})


def _arrows(room: Path) -> Mapping[str, set[str]]:
    """Which parts of a room, files and folders, import which others."""
    prefix = _name(room).replace("/", ".") + "."
    arrows = defaultdict(set)
    for file in room.rglob("*.py"):
        part = file.relative_to(room).parts[0].removesuffix(".py")
        for node in ast.walk(ast.parse(file.read_text())):
            if isinstance(node, ast.ImportFrom) and (node.module or "").startswith(prefix):
                imported = str(node.module).removeprefix(prefix).partition(".")[0]
                arrows[part] |= {imported} - {part}
    return arrows


def _circle(arrows: Mapping[str, set[str]]) -> bool:
    """Whether taking away parts that import nothing leaves some."""
    left = dict(arrows)
    while True:
        done = {part for part, imported in left.items() if not imported & left.keys()}
        if not done:
            return bool(left)
        left = {part: imported for part, imported in left.items() if part not in done}


@pytest.mark.parametrize("room", _rooms(PACKAGE), ids=_name)
def test_every_room_says_what_it_is_for(room: Path) -> None:
    source = room / "__init__.py"
    if "defs" not in room.parts:
        assert ast.get_docstring(ast.parse(source.read_text())), source
