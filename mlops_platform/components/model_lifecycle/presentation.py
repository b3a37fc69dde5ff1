"""What an asset page shows: links, inline pictures and small tables."""

from base64 import b64encode
from collections.abc import Mapping, Sequence
from math import isfinite, isnan
from pathlib import Path
from typing import Any

import dagster as dg

from mlops_platform.formats.digits import rounded, rounded_inside
from mlops_platform.formats.plain_json import finite
from mlops_platform.settings import settings
from mlops_platform.usecases.deployment import Deployment

NOTHING = "–"


def picture(png: bytes, title: str) -> dg.MarkdownMetadataValue:
    """A PNG inside the page."""
    return dg.MetadataValue.md(f"![{title}](data:image/png;base64,{b64encode(png).decode()})")


def mlflow_run(deployment: Deployment, run_id: str, artifact: str = "") -> dg.MarkdownMetadataValue:
    """A link to a run in the MLflow UI, or to one of its artifacts."""
    path = deployment.registry.run_link(run_id, artifact)
    return _link(artifact or run_id, f"{deployment.settings.mlflow_ui_url}{path}")


def mlflow_experiment(deployment: Deployment, model: str) -> dg.MarkdownMetadataValue:
    """A link to all runs of a model in the MLflow UI."""
    path = deployment.registry.experiment_link(model)
    return _link(f"all runs of {model}", f"{deployment.settings.mlflow_ui_url}{path}")


def _link(text: str, url: str) -> dg.MarkdownMetadataValue:
    """As Markdown: Dagster shows a URL in full, and the page becomes wider than its column."""
    return dg.MetadataValue.md(f"[{text}]({url})")


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
    """Metadata as a browser takes it and a person reads it.

    It refuses a page with a number that is none, and four digits of the others are enough.
    """
    return {name: _browsable(fact) for name, fact in facts.items()}


def _browsable(fact: Any) -> Any:
    if isinstance(fact, float):
        return _number(fact)
    if isinstance(fact, dg.JsonMetadataValue):
        return dg.MetadataValue.json(finite(rounded_inside(fact.data)))
    return finite(rounded_inside(fact)) if isinstance(fact, dict | list) else fact


def _number(value: float) -> float | str:
    """A word in the place of what is no number."""
    if isfinite(value):
        return rounded(value)
    return NOTHING if isnan(value) else f"{'-' if value < 0 else ''}∞"


def _cell(value: Any) -> str | int | float | bool:
    if value is None:
        return NOTHING
    if isinstance(value, float):
        return _number(value)
    return value if isinstance(value, str | int | bool) else str(value)
