"""Sentences of the program: every text that stands in its source or in its templates."""

import ast
from collections.abc import Iterator
from functools import cache
from pathlib import Path

from mlops_platform.settings import PROJECT_ROOT

HOLE = "\0"
"""Stands where a value is filled in: no quotation reaches over it."""


@cache
def sentences() -> str:
    """All of them, apart."""
    package = PROJECT_ROOT / "mlops_platform"
    texts = [text for file in sorted(package.rglob("*.py")) for text in _texts(file)]
    texts += [file.read_text(encoding="utf-8") for file in sorted(package.rglob("*.j2"))]
    return "\n".join(texts)


def _texts(file: Path) -> Iterator[str]:
    tree = ast.parse(file.read_text(encoding="utf-8"))
    # What stands alone is a docstring, and nobody is told it.
    alone = {id(node.value) for node in ast.walk(tree) if isinstance(node, ast.Expr)}
    for node in ast.walk(tree):
        if isinstance(node, ast.JoinedStr):
            yield "".join(
                str(part.value) if isinstance(part, ast.Constant) else HOLE for part in node.values
            )
        elif isinstance(node, ast.Constant) and id(node) not in alone:
            yield str(node.value)
