"""The table of faults: what was broken, what had to happen, and what the suite saw happen.

A test of a fault is marked `@pytest.mark.fault("what breaks", "what has to happen")` and tells what
it saw by the fixture `observe`. `make faults` runs them all and writes the table anew.
"""

import ast
import os
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Final, NamedTuple

import pytest

TESTS: Final = Path(__file__).parents[1]
TABLE: Final = "MLOPS_FAULTS_TABLE"
"""In the environment: the file that the table is written to at the end of the session."""
HEAD: Final = (
    "# Faults\n\n"
    "What was broken on purpose, what has to happen, and what the suite saw. Written by `make "
    "faults`, which runs these tests on real parts; a test fails where a fault is missing here. "
    "What is promised beyond is in the [guarantees](guarantees.md).\n\n"
    "| what breaks | what has to happen | what was seen |\n|---|---|---|\n"
)

_seen: dict[tuple[str, str], dict[str, None]] = {}


class Fault(NamedTuple):
    """What breaks, and what has to happen then."""

    what: str
    expected: str


@pytest.fixture
def observe(request: pytest.FixtureRequest) -> Callable[[str], None]:
    """Tell what was seen, in the words of whoever has to live with it."""
    mark = request.node.get_closest_marker("fault")
    assert mark is not None, "only a test that is marked as one of a fault observes"
    fault = Fault(*mark.args)

    def told(seen: str) -> None:
        request.node.user_properties.append(("fault", [*fault, " ".join(seen.split())]))

    return told


def pytest_runtest_logreport(report: pytest.TestReport) -> None:
    """Take in what a test has seen, also from the processes of xdist."""
    if report.when == "call" and report.passed:
        for name, value in report.user_properties:
            if name == "fault":
                what, expected, seen = value
                _seen.setdefault((what, expected), {})[seen] = None


def pytest_sessionfinish(session: pytest.Session) -> None:
    """Write the table, where that is asked for and this is the process that sees everything."""
    file = os.environ.get(TABLE)
    if not file or hasattr(session.config, "workerinput"):
        return
    rows = [
        f"| {fault.what} | {fault.expected} | {'; '.join(_seen[fault])} |\n"
        for fault in declared_faults()
        if fault in _seen
    ]
    Path(file).write_text(HEAD + "".join(rows), encoding="utf-8")


def declared_faults(tests: Path = TESTS) -> Iterator[Fault]:
    """Every fault that a test of the folder is marked with, in the order of files and lines."""
    for file in sorted(tests.rglob("test_*.py")):
        text = file.read_text(encoding="utf-8")
        if "mark.fault(" in text:
            yield from _in_order(ast.parse(text))


def _in_order(module: ast.Module) -> Iterator[Fault]:
    for function in module.body:
        if isinstance(function, ast.FunctionDef):
            for decorator in function.decorator_list:
                called = decorator.func if isinstance(decorator, ast.Call) else None
                if isinstance(called, ast.Attribute) and called.attr == "fault":
                    yield Fault(*(ast.literal_eval(argument) for argument in decorator.args))
