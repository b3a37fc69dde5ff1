"""The five tables as they were before there were migrations."""

import sqlalchemy as sa
from alembic import op

revision = "0000"
down_revision = None


def upgrade() -> None:
    """Create what is not there: the oldest ledgers have not all of the tables."""
    _create_decisions()
    _create_releases()
    _create_packagings()
    _create_activations()
    _create_incident_events()


def _create_decisions() -> None:
    op.create_table(
        "decisions",
        sa.Column("id", sa.Integer, autoincrement=False, nullable=False),
        sa.Column("model", sa.String(63), nullable=False),
        sa.Column("kind", sa.String(16), nullable=False),
        sa.Column("window", sa.Text),
        sa.Column("reason", sa.Text, nullable=False),
        sa.Column("actor", sa.Text, nullable=False),
        sa.Column("evidence", sa.Text, nullable=False, comment="Canonical JSON."),
        sa.Column("made_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("previous_hash", sa.String(64), nullable=False),
        sa.Column("hash", sa.String(64), nullable=False),
        sa.PrimaryKeyConstraint("id"),
        sa.UniqueConstraint("model", "previous_hash"),
        sa.UniqueConstraint("hash"),
        if_not_exists=True,
    )


def _create_releases() -> None:
    op.create_table(
        "releases",
        sa.Column("model", sa.String(63), nullable=False),
        sa.Column("sequence", sa.Integer, autoincrement=False, nullable=False),
        sa.Column("version", sa.Integer, nullable=False),
        sa.Column("run_id", sa.String(64), nullable=False),
        sa.Column("digests", sa.Text, nullable=False, comment="Canonical JSON: file -> SHA-256."),
        sa.Column("schema_hash", sa.String(64), nullable=False),
        sa.Column("environment_hash", sa.String(64), nullable=False),
        sa.Column("decision_id", sa.Integer, nullable=False),
        sa.Column("actor", sa.Text, nullable=False),
        sa.Column("released_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("previous_hash", sa.String(64), nullable=False),
        sa.Column("hash", sa.String(64), nullable=False),
        sa.PrimaryKeyConstraint("model", "sequence"),
        sa.UniqueConstraint("model", "previous_hash"),
        sa.UniqueConstraint("decision_id"),
        sa.ForeignKeyConstraint(["decision_id"], ["decisions.id"]),
        sa.UniqueConstraint("hash"),
        if_not_exists=True,
    )


def _create_packagings() -> None:
    op.create_table(
        "packagings",
        sa.Column("id", sa.Integer, autoincrement=False, nullable=False),
        sa.Column("model", sa.String(63), nullable=False),
        sa.Column("sequence", sa.Integer, nullable=False),
        sa.Column("bento_tag", sa.Text, nullable=False),
        sa.Column("actor", sa.Text, nullable=False),
        sa.Column("packaged_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("previous_hash", sa.String(64), nullable=False),
        sa.Column("hash", sa.String(64), nullable=False),
        sa.PrimaryKeyConstraint("id"),
        sa.UniqueConstraint("model", "previous_hash"),
        sa.ForeignKeyConstraint(["model", "sequence"], ["releases.model", "releases.sequence"]),
        sa.UniqueConstraint("hash"),
        if_not_exists=True,
    )


def _create_activations() -> None:
    op.create_table(
        "activations",
        sa.Column("id", sa.Integer, autoincrement=False, nullable=False),
        sa.Column("model", sa.String(63), nullable=False),
        sa.Column("worker", sa.Text, nullable=False),
        sa.Column("event", sa.String(16), nullable=False),
        sa.Column("role", sa.String(16), nullable=False),
        sa.Column("sequence", sa.Integer, nullable=False),
        sa.Column("version", sa.Integer, nullable=False),
        sa.Column("detail", sa.Text, nullable=False),
        sa.Column("happened_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("previous_hash", sa.String(64), nullable=False),
        sa.Column("hash", sa.String(64), nullable=False),
        sa.PrimaryKeyConstraint("id"),
        sa.UniqueConstraint("model", "previous_hash"),
        sa.UniqueConstraint("model", "worker", "event", "role", "happened_at"),
        sa.UniqueConstraint("hash"),
        if_not_exists=True,
    )


def _create_incident_events() -> None:
    op.create_table(
        "incident_events",
        sa.Column("id", sa.Integer, autoincrement=False, nullable=False),
        sa.Column("model", sa.String(63), nullable=False),
        sa.Column("incident", sa.Text, nullable=False),
        sa.Column("kind", sa.String(16), nullable=False),
        sa.Column("told", sa.Text, nullable=False),
        sa.Column("actor", sa.Text, nullable=False),
        sa.Column("facts", sa.Text, nullable=False, comment="Canonical JSON."),
        sa.Column("happened_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("previous_hash", sa.String(64), nullable=False),
        sa.Column("hash", sa.String(64), nullable=False),
        sa.PrimaryKeyConstraint("id"),
        sa.UniqueConstraint("model", "previous_hash"),
        sa.UniqueConstraint("hash"),
        if_not_exists=True,
    )
