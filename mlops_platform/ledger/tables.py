"""The ledger's tables, the same on SQLite and Postgres, as the newest migration leaves them."""

from datetime import UTC, datetime

from sqlalchemy import (
    Column,
    DateTime,
    Dialect,
    ForeignKey,
    ForeignKeyConstraint,
    Integer,
    MetaData,
    String,
    Table,
    Text,
    TypeDecorator,
    UniqueConstraint,
)

metadata = MetaData()


class UtcDateTime(TypeDecorator[datetime]):
    """An aware moment, kept in UTC to the microsecond (SQLite itself knows no zones)."""

    impl = DateTime(timezone=True)
    cache_ok = True

    def process_bind_param(
        self,
        value: datetime | None,
        dialect: Dialect,
    ) -> datetime | None:
        """Moment -> UTC."""
        return None if value is None else value.astimezone(UTC)

    def process_result_value(
        self,
        value: datetime | None,
        dialect: Dialect,
    ) -> datetime | None:
        """UTC, bare on SQLite -> aware moment."""
        if value is None:
            return None
        return value.replace(tzinfo=UTC) if value.tzinfo is None else value.astimezone(UTC)


def _chain() -> tuple[Column[str], Column[str], UniqueConstraint, Column[int | None]]:
    """Hash columns of a table; two rows of a model can never follow the same row.

    `format` is NULL in the rows that are older than it: see `row_formats`.
    """
    return (
        Column("previous_hash", String(64), nullable=False),
        Column("hash", String(64), nullable=False, unique=True),
        UniqueConstraint("model", "previous_hash"),
        Column("format", Integer),
    )


decisions = Table(
    "decisions",
    metadata,
    Column("id", Integer, primary_key=True, autoincrement=False),
    Column("model", String(63), nullable=False),
    Column("kind", String(16), nullable=False),
    Column("window", Text),
    Column("reason", Text, nullable=False),
    Column("actor", Text, nullable=False),
    Column("evidence", Text, nullable=False, comment="Canonical JSON."),
    Column("made_at", UtcDateTime, nullable=False),
    *_chain(),
)

releases = Table(
    "releases",
    metadata,
    Column("model", String(63), primary_key=True),
    Column("sequence", Integer, primary_key=True, autoincrement=False),
    Column("version", Integer, nullable=False),
    Column("run_id", String(64), nullable=False),
    Column("digests", Text, nullable=False, comment="Canonical JSON: file -> SHA-256."),
    Column("schema_hash", String(64), nullable=False),
    Column("environment_hash", String(64), nullable=False),
    Column("decision_id", ForeignKey("decisions.id"), nullable=False, unique=True),
    Column("actor", Text, nullable=False),
    Column("released_at", UtcDateTime, nullable=False),
    *_chain(),
    Column("task", Text),
    Column("constants", Text, comment="Canonical JSON."),
    Column("training_set", Text),
    Column("fitted_through", UtcDateTime),
)

packagings = Table(
    "packagings",
    metadata,
    Column("id", Integer, primary_key=True, autoincrement=False),
    Column("model", String(63), nullable=False),
    Column("sequence", Integer, nullable=False),
    Column("bento_tag", Text, nullable=False),
    Column("actor", Text, nullable=False),
    Column("packaged_at", UtcDateTime, nullable=False),
    *_chain(),
    Column("bento_digest", String(64)),
    ForeignKeyConstraint(["model", "sequence"], ["releases.model", "releases.sequence"]),
)
"""A Bento is built from a released champion, so its tag is known only after the release."""

adjustments = Table(
    "adjustments",
    metadata,
    Column("id", Integer, primary_key=True, autoincrement=False),
    Column("model", String(63), nullable=False),
    Column("sequence", Integer, nullable=False),
    Column("version", Integer, nullable=False),
    Column("number", Integer, nullable=False),
    Column("constants", Text, nullable=False, comment="Canonical JSON."),
    Column("facts", Text, nullable=False, comment="Canonical JSON."),
    Column("labels_through", String(10), nullable=False, comment="ISO 8601 day."),
    Column("valid_from", UtcDateTime, nullable=False),
    Column("actor", Text, nullable=False),
    Column("recorded_at", UtcDateTime, nullable=False),
    *_chain(),
    ForeignKeyConstraint(["model", "sequence"], ["releases.model", "releases.sequence"]),
    UniqueConstraint("model", "sequence", "number"),
)
"""Constants that took the place of a released version's own, each from some moment on."""

activations = Table(
    "activations",
    metadata,
    Column("id", Integer, primary_key=True, autoincrement=False),
    Column("model", String(63), nullable=False),
    Column("worker", Text, nullable=False),
    Column("event", String(16), nullable=False),
    Column("role", String(16), nullable=False),
    Column("sequence", Integer, nullable=False),
    Column("version", Integer, nullable=False),
    Column("detail", Text, nullable=False),
    Column("happened_at", UtcDateTime, nullable=False),
    *_chain(),
    UniqueConstraint("model", "worker", "event", "role", "happened_at"),
)
"""What the workers of a service report. A worker may serve what was never released (a packed
version without a pointer, a challenger), so that nothing here refers to `releases`."""

incident_events = Table(
    "incident_events",
    metadata,
    Column("id", Integer, primary_key=True, autoincrement=False),
    Column("model", String(63), nullable=False),
    Column("incident", Text, nullable=False),
    Column("kind", String(16), nullable=False),
    Column("told", Text, nullable=False),
    Column("actor", Text, nullable=False),
    Column("facts", Text, nullable=False, comment="Canonical JSON."),
    Column("happened_at", UtcDateTime, nullable=False),
    *_chain(),
)
"""The life of every incident; what is open now follows from its events."""
