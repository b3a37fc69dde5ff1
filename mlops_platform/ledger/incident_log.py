"""IncidentLog: everything that happened in the incidents of every model."""

from collections.abc import Callable, Collection, Sequence
from contextlib import AbstractContextManager

from sqlalchemy import Connection, func, select

from mlops_platform.errors import IncidentConflict
from mlops_platform.ledger import rows
from mlops_platform.ledger.append import append_incident_event
from mlops_platform.ledger.database import Database
from mlops_platform.ledger.records import IncidentEvent, NewIncidentEvent
from mlops_platform.ledger.tables import incident_events
from mlops_platform.ledger.verification import require_known


class IncidentLog:
    """The events of incidents, in the ledger's database: `Ledger.create_schema` makes its table.

    Args:
        url: SQLAlchemy URL, as for the ledger.
        written: called after events of a model were written.
        newest_known: as for the ledger.
    """

    def __init__(
        self,
        url: str,
        written: Callable[[str], None] = lambda model: None,
        newest_known: Callable[[str], Collection[str]] = lambda model: (),
    ) -> None:
        self._database, self._written = Database(url), written
        self._newest_known = newest_known

    def kept_open(self) -> AbstractContextManager[None]:
        """As `Ledger.kept_open`."""
        return self._database.kept_open()

    def models(self) -> list[str]:
        """Every model that ever had an incident."""
        column = incident_events.c.model
        with self._database.reading() as connection:
            return list(connection.scalars(select(column).distinct().order_by(column)))

    def events(self, model: str) -> list[IncidentEvent]:
        """Every event of a model, oldest first."""
        table = incident_events
        query = select(table).where(table.c.model == model).order_by(table.c.id)
        with self._database.reading() as connection:
            return [rows.incident_event_from(row) for row in connection.execute(query).mappings()]

    def write(
        self, model: str, events: Sequence[NewIncidentEvent], *, after: int | None = None
    ) -> None:
        """Write events, all or none.

        Args:
            after: id of the newest event of the model that they rest on, 0 where there was none;
                None where it does not matter.

        Raises:
            IncidentConflict: there is a newer one; nothing was written.
        """
        known = self._newest_known(model)
        with self._database.writing() as connection:
            require_known(connection, model, known)
            if after is not None and _newest(connection, model) != after:
                raise IncidentConflict(
                    f"something was written about the incidents of {model!r} after event {after}; "
                    "nothing was written. Decide again on what stands now."
                )
            for event in events:
                append_incident_event(connection, model, event)
        self._written(model)


def _newest(connection: Connection, model: str) -> int:
    newest = select(func.coalesce(func.max(incident_events.c.id), 0))
    return int(connection.scalars(newest.where(incident_events.c.model == model)).one())
