"""The layout of an online store: what an export writes and every service reads.

They share no other code, and may be of different versions: a service takes from an export the
columns of its own model, so that a feature may be added to the store before the model that reads
it is served.

SQLite: one file per model with `features(entity, event_time, features)` and `export(document)`.
Postgres: one pair of tables for all models, with the model as first key.
"""

from datetime import datetime, timedelta
from pathlib import Path
from urllib.parse import urlsplit

from pydantic import Field

from mlops_platform.column_kind import KindName
from mlops_platform.record import Record, left_out_where_empty

FEATURES, EXPORT = "features", "export"
"""Tables of a SQLite file: features are a JSON object per entity, event times are ISO 8601, in the
time zone of the model (in UTC where an earlier version has exported)."""
POSTGRES_FEATURES, POSTGRES_EXPORT = "mlops_online_features", "mlops_online_export"

CLOCKS_APART = timedelta(minutes=1)
"""How far the clocks of the machines that export and that answer may differ."""


class OnlineExport(Record):
    """What one export holds, as the store itself says it.

    Args:
        entity: column whose values, as text, are the keys.
        feature_snapshot: digest of the published table that it was made from.
        as_of: the model's present, in a replay of it the moment reached; no later than the end of
            its last window.
        exported_at: the machine's moment of writing, by which a service tells that it is stale.
    """

    model: str
    entity: str
    numeric: tuple[str, ...]
    categorical: tuple[str, ...]
    boolean: tuple[str, ...] = Field(default=(), exclude_if=left_out_where_empty)
    text: tuple[str, ...] = Field(default=(), exclude_if=left_out_where_empty)
    feature_snapshot: str
    rows: int
    oldest: datetime | None
    newest: datetime | None
    as_of: datetime
    exported_at: datetime

    def why_not_fresh(self, now: datetime, stale_after: timedelta) -> str | None:
        """Why nobody may answer from it; None where it is fresh.

        An export that is dated in the future would look fresh until then, and longer.
        """
        age = now - self.exported_at
        if age > stale_after:
            return f"exported {span_text(age)} ago, and more than {span_text(stale_after)} is stale"
        if age < -CLOCKS_APART:
            return (
                f"exported {span_text(-age)} in the future: correct the clock of the machine that "
                "exports, and export again"
            )
        return None

    def of_kind(self, kind: KindName) -> tuple[str, ...]:
        """Columns of one kind."""
        columns: tuple[str, ...] = getattr(self, kind)
        return columns


def is_postgres(location: Path | str) -> bool:
    """Whether a store is a database and no file."""
    return str(location).startswith(("postgresql://", "postgresql+psycopg2://", "postgres://"))


def libpq_url(location: Path | str) -> str:
    """The address of a Postgres as its own client takes it, without the driver's name."""
    return str(location).replace("postgresql+psycopg2://", "postgresql://", 1)


def span_text(span: timedelta) -> str:
    """A span of time in whole seconds."""
    return str(timedelta(seconds=round(span.total_seconds())))


def shown(location: Path | str) -> str:
    """A store as messages may name it: without user, password and parameters."""
    if not is_postgres(location):
        return str(location)
    url = urlsplit(str(location))
    return f"Postgres at {url.hostname or 'a local socket'}{url.path}"
