"""What a build may take: memory, a folder to spill to, and no plan that compares all with all."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING

import duckdb
import pytest
import yaml

from mlops_platform.data.dbt_plugins.landing_macro import Plugin
from mlops_platform.data.features.dbt import DbtProjectFolder
from tests.conftest import ODD_NAMES
from tests.dbt_project.conftest import FLIGHTS, PROJECT

if TYPE_CHECKING:
    from tests.dbt_project.conftest import Deployment, Period

WEEK = (date(2013, 3, 4), date(2013, 3, 10))
QUADRATIC = ("NESTED_LOOP_JOIN", "BLOCKWISE_NL_JOIN", "CROSS_PRODUCT")
CALENDARS = dict.fromkeys(
    ("int_departure_history", "departure_features", "departure_labels"),
    ("CROSS_PRODUCT", "BLOCKWISE_NL_JOIN"),
)
"""Of each series every day of the range is a row, and every step: there is nothing to join by."""
SETTINGS = ("memory_limit", "temp_directory", "asof_loop_join_threshold", "TimeZone")
ASKED = (
    '{% for row in run_query("select '
    + ", ".join(f"current_setting('{name}')::varchar" for name in SETTINGS)
    + "\") %}{{ row.values() | join('\\n') }}{% endfor %}"
)
LANDED = """
with moments as (
    select *, scheduled_departure_at - interval '2 hours' as event_time
    from {{ ref('stg_flight_schedules') }}
    where {{ in_build_range('local_date') }}
),

facts as (
    select * from {{ ref('stg_weather') }}
    where {{ in_build_range('landing_day', lookback_days=1) }}
),

arrivals as (
    select *, known_at as first_known_at, true as is_late, 'EWR' as origin
    from {{ ref('stg_flight_outcomes') }}
    where {{ in_build_range('landing_day', lookback_days=7) }}
),
"""
MACROS = {
    "latest_fact": "found as ({{ latest_fact("
    "'moments', 'flight_id', 'facts', ['origin'], 'observed_at', hours=6) }})",
    "rolling_mean": "found as ({{ rolling_mean(['origin'], hours=24, id='flight_id', "
    "outcome='is_late', events='moments', outcomes='arrivals') }})",
}
"""Macros with an as-of join, called as a project may call them: with views of what has landed."""


@contextmanager
def opened(winter: Deployment) -> Iterator[duckdb.DuckDBPyConnection]:
    """A connection as the profile makes it."""
    profile = yaml.safe_load((PROJECT / "profiles.yml").read_text(encoding="utf-8"))
    settings = profile["mlops"]["outputs"]["embedded"]["settings"]
    plugin = Plugin("landing", {"lake": str(winter.lake)})
    with duckdb.connect(str(winter.warehouse), read_only=True) as connection:
        for name, value in settings.items():
            if "{{" not in str(value):
                connection.execute(f"SET {name} = '{value}'")
        plugin.configure_cursor(connection)
        yield connection


def compiled_inline(deployment: Deployment, sql: str, days: Period | None = None) -> str:
    # dbt adds the query to the manifest.
    own = replace(deployment, manifest=deployment.manifest.deepcopy())
    (result,) = own.dbt("compile", "--inline", sql, days=days).values()
    return str(result.node.compiled_code)  # type: ignore[attr-defined]


def plan(connection: duckdb.DuckDBPyConnection, query: str) -> str:
    ((_, text),) = connection.execute(f"EXPLAIN (FORMAT json) {query}").fetchall()
    return str(text)


@pytest.mark.parametrize("macro", MACROS)
def test_an_as_of_join_of_a_week_of_what_has_landed_is_no_nested_loop(
    winter: Deployment, macro: str
) -> None:
    inline = f"{LANDED}{MACROS[macro]} select * from found"
    query = compiled_inline(winter, inline, WEEK)
    with opened(winter) as warehouse:
        planned = plan(warehouse, query)
        # DuckDB takes the filter on the day for one row: by itself it would compare all with all.
        warehouse.execute("RESET asof_loop_join_threshold")
        by_itself = plan(warehouse, query)
    assert "ASOF_JOIN" in planned
    assert not any(join in planned for join in QUADRATIC)
    assert any(join in by_itself for join in QUADRATIC)


def test_no_model_of_a_week_compares_all_with_all(
    winter: Deployment,
) -> None:
    nodes = [result.node for result in winter.dbt("compile", *FLIGHTS, days=WEEK).values()]
    models = {node.name: node for node in nodes if node.resource_type == "model"}
    assert len(models) > 8
    with opened(winter) as warehouse:
        for name, node in models.items():
            planned = plan(warehouse, node.compiled_code)  # type: ignore[union-attr]
            refused = [join for join in QUADRATIC if join not in CALENDARS.get(name, ())]
            assert [join for join in refused if join in planned] == [], name


@pytest.mark.parametrize("name", ["quote", "question mark", "everything"])
def test_the_profile_bounds_memory_and_spills_into_the_home(
    winter: Deployment, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    home = tmp_path / ODD_NAMES[name]
    home.mkdir()
    project = DbtProjectFolder(PROJECT, home / "warehouse.duckdb", winter.lake, home / "target")
    for variable, value in project.environment().items():
        if variable not in winter.environment():
            monkeypatch.setenv(variable, value)
    monkeypatch.setenv("MLOPS_MEMORY_LIMIT", "700MiB")
    monkeypatch.setenv("MLOPS_SPILL", str(home / "spill"))
    asked = compiled_inline(replace(winter, home=home), ASKED)
    assert asked.split("\n") == ["700.0 MiB", str(home / "spill"), "0", "UTC"]
