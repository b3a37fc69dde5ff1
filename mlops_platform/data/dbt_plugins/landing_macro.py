"""A plugin of dbt-duckdb: `read_landing('<table>')` for the landed files of this deployment's lake.

The sources of the dbt project are calls of this table macro. Each connection has its own, which is
never stored: staging views keep the call only, so the manifest and the warehouse name no folder,
and a home that was moved is read where it now is. DuckDB's `file_search_path` would do as much for
plain names, but it is a list with commas, of patterns, and hive partitioning takes keys from it.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

from dbt.adapters.duckdb.plugins import BasePlugin
from duckdb import DuckDBPyConnection

from mlops_platform.data.engine import literal
from mlops_platform.data.landing.landing import PARTITION_COLUMN
from mlops_platform.data.parquet_files import escaped, partitioned


class Plugin(BasePlugin):
    """Found by dbt-duckdb under this name, by the module that `plugins` in profiles.yml names."""

    def initialize(self, plugin_config: dict[str, Any]) -> None:
        """Take the lake's root from the profile."""
        self._lake = Path(plugin_config["lake"])

    def configure_cursor(self, cursor: DuckDBPyConnection) -> None:
        """Make the macro; called by dbt-duckdb for each connection."""
        folder, files = f"{escaped(self._lake)}/landing/", f"/{PARTITION_COLUMN}=*/*.parquet"
        pattern = f"{literal(folder)} || landed_table || {literal(files)}"
        cursor.execute(
            "CREATE OR REPLACE TEMP MACRO read_landing(landed_table) AS TABLE "
            f"FROM {partitioned([pattern], PARTITION_COLUMN)}"
        )
