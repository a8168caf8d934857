"""Alembic's environment: runs on the connection that `migrate.py` hands over."""

from alembic import context

from agentic.layers.L01_data_layer.tables import metadata

context.configure(
    connection=context.config.attributes["connection"],
    target_metadata=metadata,
    compare_type=True,
    compare_server_default=True,
)
with context.begin_transaction():
    context.run_migrations()
