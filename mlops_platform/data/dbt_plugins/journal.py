"""A plugin of dbt-duckdb: does without the journal of a warehouse whose path has a `?`.

DuckDB takes a `?` for the beginning of a URL's parameters and puts `.wal` before it: the journal of
`/what?/x.duckdb` would be `/what.wal?/x.duckdb`, in a folder that is not there. A symlink does not
help, because DuckDB resolves it. So each commit there goes into the file itself. DuckDB can do so
only while no other transaction writes: profiles.yml builds one model at a time for such a path.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

from dbt.adapters.duckdb.credentials import DuckDBCredentials
from dbt.adapters.duckdb.plugins import BasePlugin

WITHOUT_JOURNAL = {"wal_autocheckpoint": "0KB", "auto_checkpoint_skip_wal_threshold": 0}


class Plugin(BasePlugin):
    """Found by dbt-duckdb under this name, by the module that `plugins` in profiles.yml names."""

    def update_connection_config(self, creds: DuckDBCredentials, config: dict[str, Any]) -> None:
        """Set how commits are written; called by dbt-duckdb before it opens the warehouse."""
        if "?" in str(Path(creds.path).resolve()):
            config.update(WITHOUT_JOURNAL)
