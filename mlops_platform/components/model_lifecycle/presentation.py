"""What an asset page shows: links, inline pictures and small tables."""

from base64 import b64encode
from collections.abc import Mapping, Sequence
from math import isfinite, isnan
from pathlib import Path
from typing import Any

import dagster as dg

from mlops_platform.formats.plain_json import finite
from mlops_platform.settings import settings
from mlops_platform.usecases.deployment import Deployment

NOTHING = "–"


def picture(png: bytes, title: str) -> dg.MarkdownMetadataValue:
    """A PNG inside the page."""
    return dg.MetadataValue.md(f"![{title}](data:image/png;base64,{b64encode(png).decode()})")


def mlflow_run(deployment: Deployment, run_id: str, artifact: str = "") -> dg.UrlMetadataValue:
    """A link to a run in the MLflow UI, or to one of its artifacts."""
    tail = f"/artifacts/{artifact}" if artifact else ""
    link = f"{deployment.settings.mlflow_ui_url}{deployment.registry.run_link(run_id)}{tail}"
    return dg.MetadataValue.url(link)


def place(path: Path) -> dg.PathMetadataValue:
    """Where something is, from the home on: homes are moved, and events stay what they are."""
    home = settings().home
    return dg.MetadataValue.path(path.relative_to(home) if path.is_relative_to(home) else path)


def table(rows: Sequence[Mapping[str, Any]]) -> dg.TableMetadataValue:
    """A small table; all rows have the keys of the first."""
    return dg.MetadataValue.table(
        records=[dg.TableRecord({key: _cell(value) for key, value in row.items()}) for row in rows],
        schema=dg.TableSchema(columns=[dg.TableColumn(str(key)) for key in rows[0]])
        if rows
        else dg.TableSchema(columns=[]),
    )


def browsable(facts: Mapping[str, Any]) -> dict[str, Any]:
    """Metadata as a browser takes it: it refuses a page with a number that is none."""
    return {name: _browsable(fact) for name, fact in facts.items()}


def _browsable(fact: Any) -> Any:
    if isinstance(fact, float):
        return _number(fact)
    if isinstance(fact, dg.JsonMetadataValue):
        return dg.MetadataValue.json(finite(fact.data))
    return finite(fact) if isinstance(fact, dict | list) else fact


def _number(value: float) -> float | str:
    """A word in the place of what is no number."""
    if isfinite(value):
        return value
    return NOTHING if isnan(value) else f"{'-' if value < 0 else ''}∞"


def _cell(value: Any) -> str | int | float | bool:
    if value is None:
        return NOTHING
    if isinstance(value, float):
        return _number(round(value, 5))
    return value if isinstance(value, str | int | bool) else str(value)
