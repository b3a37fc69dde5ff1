"""Run by Alembic inside the transaction of the connection that it was handed."""

from alembic import context

from mlops_platform.ledger.revisions import VERSION_TABLE
from mlops_platform.ledger.tables import metadata

context.configure(
    connection=context.config.attributes["connection"],
    target_metadata=metadata,
    version_table=VERSION_TABLE,
)
with context.begin_transaction():
    context.run_migrations()
