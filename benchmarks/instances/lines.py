"""Lines that an instance consists of: its YAML, and the SQL of the dbt models that it reads."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

from mlops_platform.components.models import DEFS
from mlops_platform.settings import DBT_PROJECT
from mlops_platform.spec import ModelSpec


@dataclass(frozen=True)
class Lines:
    """Without empty ones and comments.

    Attributes:
        yaml: of the model's own file.
        sql: of its feature and label tables and of every model above them.
    """

    yaml: int
    sql: int


def lines_of(spec: ModelSpec) -> Lines:
    """Lines of an instance."""
    [declaration] = [
        file
        for file in DEFS.glob("*/*/defs.yaml")
        if f"\n  name: {spec.name}\n" in file.read_text(encoding="utf-8")
    ]
    models = _above({spec.features.table, spec.label.table})
    return Lines(_count(declaration, "#"), sum(_count(model, "--") for model in models))


def _above(tables: set[str]) -> set[Path]:
    nodes, wanted, files = _manifest()["nodes"], set(), set()
    waiting = [name for name, node in nodes.items() if node["name"] in tables]
    while waiting:
        name = waiting.pop()
        node = nodes.get(name)
        if name in wanted or node is None or node["resource_type"] != "model":
            continue
        wanted.add(name)
        files.add(DBT_PROJECT / node["original_file_path"])
        waiting += node["depends_on"]["nodes"]
    return files


@cache
def _manifest() -> Mapping[str, Any]:
    manifest: Mapping[str, Any] = json.loads(
        (DBT_PROJECT / "target" / "manifest.json").read_text(encoding="utf-8")
    )
    return manifest


def _count(file: Path, comment: str) -> int:
    lines = (line.strip() for line in file.read_text(encoding="utf-8").splitlines())
    return sum(bool(line) and not line.startswith(comment) for line in lines)
