"""Lines that an instance consists of: all its YAML, its SQL, and the code that lands for it."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any, Final

import yaml

from mlops_platform.components.models import DEFS
from mlops_platform.settings import DBT_PROJECT, PROJECT_ROOT
from mlops_platform.spec import ModelSpec

CODE: Final = {
    "mlops_platform.demo.NycFlightsLandingComponent": [
        PROJECT_ROOT / "mlops_platform" / "demo" / name
        for name in ("landing.py", "nycflights.py", "nycflights.sql")
    ]
}
"""Of landings that are no component of the platform, by their type."""
COMMENTS: Final = {".sql": "--", ".py": "#", ".yaml": "#", ".yml": "#"}


@dataclass(frozen=True)
class Lines:
    """Without empty ones and comments; what instances share counts for each.

    Attributes:
        model: YAML of the model.
        tables: YAML of the tables that it needs: their landings, the features component, and what
            dbt is told of sources and models.
        sql: of its feature and label tables and of every model above them, and of landings.
        python: of landings that are no component of the platform.
    """

    model: int
    tables: int
    sql: int
    python: int


def lines_of(spec: ModelSpec, manifest: Mapping[str, Any] | None = None) -> Lines:
    """Lines of an instance.

    Args:
        manifest: of the dbt project; None where it has been parsed into its own folder.
    """
    [own] = [
        file
        for file in DEFS.glob("*/*/defs.yaml")
        if f"\n  name: {spec.name}\n" in file.read_text(encoding="utf-8")
    ]
    nodes = list(_above({spec.features.table, spec.label.table}, manifest or _manifest()))
    of_dbt = {
        DBT_PROJECT / path.rpartition("://")[2]
        for node in nodes
        for path in (node["original_file_path"], node.get("patch_path") or "")
        if path
    }
    landed = {node["name"] for node in nodes if node["resource_type"] == "source"}
    landings = list(_landings(own.parents[1], landed))
    files = {
        *of_dbt,
        own.parents[1] / "features" / "defs.yaml",
        *landings,
        *(file for landing in landings for file in CODE.get(_declared(landing)["type"], ())),
    }
    return Lines(
        model=_count(own),
        tables=_total(files, ".yaml", ".yml"),
        sql=_total(files, ".sql"),
        python=_total(files, ".py"),
    )


def _above(tables: set[str], manifest: Mapping[str, Any]) -> Iterator[Mapping[str, Any]]:
    """Models and sources that tables are made of, themselves included."""
    known = {**manifest["nodes"], **manifest["sources"]}
    waiting = [name for name, node in manifest["nodes"].items() if node["name"] in tables]
    seen = set()
    while waiting:
        name = waiting.pop()
        node = known.get(name)
        if name in seen or node is None or node["resource_type"] not in ("model", "source"):
            continue
        seen.add(name)
        yield node
        waiting += node.get("depends_on", {}).get("nodes", ())


def _landings(domain: Path, landed: set[str]) -> Iterator[Path]:
    """Those of a domain that land one of these tables; one that names none lands several."""
    files = sorted(domain.glob("landing_*/defs.yaml"))
    tables = {file: _declared(file)["attributes"].get("table") for file in files}
    by_no_name = landed - set(tables.values())
    for file, table in tables.items():
        if table in landed or (table is None and by_no_name):
            yield file


def _declared(file: Path) -> Mapping[str, Any]:
    declared: Mapping[str, Any] = yaml.safe_load(file.read_text(encoding="utf-8"))
    return declared


@cache
def _manifest() -> Mapping[str, Any]:
    manifest: Mapping[str, Any] = json.loads(
        (DBT_PROJECT / "target" / "manifest.json").read_text(encoding="utf-8")
    )
    return manifest


def _total(files: set[Path], *suffixes: str) -> int:
    return sum(_count(file) for file in files if file.suffix in suffixes)


def _count(file: Path) -> int:
    comment = COMMENTS[file.suffix]
    lines = (line.strip() for line in file.read_text(encoding="utf-8").splitlines())
    return sum(bool(line) and not line.startswith(comment) for line in lines)
