"""A plugin of dbt-duckdb: `read_landing('<table>')` for what has landed in this deployment's lake.

The sources of the dbt project are calls of this table macro. Each connection has its own, which is
never stored: staging views keep the call only, so the manifest and the warehouse name no folder,
and a home that was moved is read where it now is. DuckDB's `file_search_path` would do as much for
plain names, but it is a list with commas, of patterns, and hive partitioning takes keys from it.

What the macro reads is written for each table when a build begins: its key and the days that were
delivered more than once are kept beside it.
"""

from __future__ import annotations

from functools import cached_property
from pathlib import Path
from typing import Any

from dbt.adapters.duckdb.plugins import BasePlugin
from duckdb import DuckDBPyConnection

from mlops_platform.data.engine import literal
from mlops_platform.data.landing.deliveries import PARTITION_COLUMN
from mlops_platform.data.landing.versions import versions_sql


class Plugin(BasePlugin):
    """Found by dbt-duckdb under this name, by the module that `plugins` in profiles.yml names."""

    def initialize(self, plugin_config: dict[str, Any]) -> None:
        """Take the lake's root from the profile."""
        self._lake = Path(plugin_config["lake"])

    def configure_cursor(self, cursor: DuckDBPyConnection) -> None:
        """Make the macro; called by dbt-duckdb for each connection."""
        cursor.execute(self._macro)

    @cached_property
    def _macro(self) -> str:
        """Written once, so that all of a build reads the same deliveries: each has its plugin."""
        landing = self._lake / "landing"
        folders = sorted({day.parent for day in landing.glob(f"*/{PARTITION_COLUMN}=*")})
        cases = " ".join(
            f"WHEN {literal(folder.name)} THEN {literal(versions_sql(folder))}"
            for folder in folders
        )
        absent = f"error({literal(f'nothing has landed below {landing} of ')} || landed_table)"
        query = f"CASE landed_table {cases} ELSE {absent} END" if cases else absent
        return (
            f"CREATE OR REPLACE TEMP MACRO read_landing(landed_table) AS TABLE FROM query({query})"
        )
