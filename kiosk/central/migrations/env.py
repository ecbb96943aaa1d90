"""Run by alembic: applies the missing versions on the connection that `migrate` hands over."""

from alembic import context

from kiosk.central.tables import metadata

context.configure(connection=context.config.attributes["connection"], target_metadata=metadata)
with context.begin_transaction():
    context.run_migrations()
