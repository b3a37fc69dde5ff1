"""Every row says its format; NULL, in the rows that are older, means format 0."""

import sqlalchemy as sa
from alembic import op

revision = "0001"
down_revision = "0000"


def upgrade() -> None:
    """Add the column, plainly: a chained table is never recreated."""
    for table in ("decisions", "releases", "packagings", "activations", "incident_events"):
        op.add_column(table, sa.Column("format", sa.Integer, nullable=True))
