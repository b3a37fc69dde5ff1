"""Adjustments of released versions have a chain of their own."""

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"


def upgrade() -> None:
    """Create the table."""
    op.create_table(
        "adjustments",
        sa.Column("id", sa.Integer, autoincrement=False, nullable=False),
        sa.Column("model", sa.String(63), nullable=False),
        sa.Column("sequence", sa.Integer, nullable=False),
        sa.Column("version", sa.Integer, nullable=False),
        sa.Column("number", sa.Integer, nullable=False),
        sa.Column("constants", sa.Text, nullable=False, comment="Canonical JSON."),
        sa.Column("facts", sa.Text, nullable=False, comment="Canonical JSON."),
        sa.Column("labels_through", sa.String(10), nullable=False, comment="ISO 8601 day."),
        sa.Column("valid_from", sa.DateTime(timezone=True), nullable=False),
        sa.Column("actor", sa.Text, nullable=False),
        sa.Column("recorded_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("previous_hash", sa.String(64), nullable=False),
        sa.Column("hash", sa.String(64), nullable=False),
        sa.Column("format", sa.Integer, nullable=True),
        sa.PrimaryKeyConstraint("id"),
        sa.UniqueConstraint("model", "previous_hash"),
        sa.ForeignKeyConstraint(["model", "sequence"], ["releases.model", "releases.sequence"]),
        sa.UniqueConstraint("model", "sequence", "number"),
        sa.UniqueConstraint("hash"),
    )
