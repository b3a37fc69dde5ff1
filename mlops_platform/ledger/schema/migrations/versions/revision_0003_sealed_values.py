"""A release says what decides beside its files, a packaging the digest of its whole Bento."""

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"


def upgrade() -> None:
    """Add the columns, plainly: a chained table is never recreated."""
    op.add_column("releases", sa.Column("task", sa.Text, nullable=True))
    constants = sa.Column("constants", sa.Text, nullable=True, comment="Canonical JSON.")
    op.add_column("releases", constants)
    op.add_column("releases", sa.Column("training_set", sa.Text, nullable=True))
    fitted_through = sa.Column("fitted_through", sa.DateTime(timezone=True), nullable=True)
    op.add_column("releases", fitted_through)
    op.add_column("packagings", sa.Column("bento_digest", sa.String(64), nullable=True))
