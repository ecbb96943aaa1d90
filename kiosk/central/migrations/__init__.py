"""How the database came to its present shape; run at every start, nothing to do when it is up to date."""

from alembic import command
from alembic.config import Config

from kiosk.central.storage import Storage


def migrate(storage: Storage) -> None:
    """Bring the database to the newest shape, in one transaction, one server at a time; raise SQLAlchemyError."""
    with storage.preparing() as transaction:
        config = Config(attributes={"connection": transaction})
        config.set_main_option("script_location", "kiosk.central:migrations")
        command.upgrade(config, "head")
