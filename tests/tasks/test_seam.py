"""Nobody outside `tasks/` knows which tasks there are, or what their metrics are called."""

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

from mlops_platform.settings import PROJECT_ROOT
from mlops_platform.tasks import TASKS
from tests.tasks.conftest import every_task

PACKAGE = PROJECT_ROOT / "mlops_platform"
EXEMPT = {
    "tasks": "they live there",
    "formats": "what was stored before there were tasks",
    "demo": "the story of one model, which is a classifier",
}
LIBRARY_NAMES = {
    "serving/scoring/compiled/sklearn_ensembles.py": {"log_loss", "absolute_error", "squared_error"}
}
"""Losses that scikit-learn's own estimators name; which estimator it is decides there."""


def _sources() -> list[Path]:
    files = (file for file in PACKAGE.rglob("*.py") if "__pycache__" not in file.parts)
    return [file for file in files if file.relative_to(PACKAGE).parts[0] not in EXEMPT]


def _task_words() -> set[str]:
    """Names of tasks and of their metrics, outputs apart: `score` is a word of its own."""
    metrics = {name for task in every_task() for name in task.all_metrics}
    return metrics | set(TASKS)


def _faults(tree: ast.AST, words: set[str]) -> Iterator[str]:
    for node in ast.walk(tree):
        if isinstance(node, ast.ImportFrom):
            module = node.module or ""
            if any(module.startswith(f"mlops_platform.tasks.{name}") for name in TASKS):
                yield f"line {node.lineno} imports {module}"
        elif isinstance(node, ast.Compare):
            sides = [node.left, *node.comparators]
            if any(_is_type_of_task(side) for side in sides):
                yield f"line {node.lineno} asks which task it is"
        elif isinstance(node, ast.Constant) and node.value in words:
            yield f"line {node.lineno} names {node.value!r}"


def _is_type_of_task(node: ast.expr) -> bool:
    return isinstance(node, ast.Attribute) and ast.unparse(node).endswith("task.type")


@pytest.mark.parametrize("file", _sources(), ids=lambda file: str(file.relative_to(PACKAGE)))
def test_no_other_room_knows_a_task(file: Path) -> None:
    relative = str(file.relative_to(PACKAGE))
    words = _task_words() - LIBRARY_NAMES.get(relative, set())
    assert list(_faults(_without_retired(ast.parse(file.read_text())), words)) == []


def _without_retired(tree: ast.Module) -> ast.Module:
    """The module without the keys that there once were: `retired` and `_RETIRED`."""

    class Without(ast.NodeTransformer):
        def visit_AnnAssign(self, node: ast.AnnAssign) -> ast.AST | None:
            name = node.target.id if isinstance(node.target, ast.Name) else ""
            return None if name.lower().endswith("retired") else self.generic_visit(node)

    tree = Without().visit(tree)
    assert isinstance(tree, ast.Module)
    return tree


@pytest.mark.parametrize(
    "source",
    [
        "from mlops_platform.tasks.binary_classification.task import BinaryClassification",
        "wrong = spec.task.type == kind",
        "figure = metrics['roc_auc']",
        "name = 'binary_classification'",
    ],
)
def test_a_room_that_does_is_caught(source: str) -> None:
    assert list(_faults(ast.parse(source), _task_words()))
