"""The ticket of an incident: a page of Markdown with the evidence for who looks into it."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from mlops_platform.clock import moment_text
from mlops_platform.files import write_text
from mlops_platform.ledger.ledger import Ledger
from mlops_platform.ledger.records import IncidentEvent
from mlops_platform.monitoring.alerting.incident import Incident
from mlops_platform.templates import Templates, markdown_cell
from mlops_platform.usecases.reporting.phrases import decision_text, version_text
from mlops_platform.usecases.window.records import ModelWindows

LATEST_DECISIONS: Final = 8
LATEST_WINDOWS: Final = 8


@dataclass(frozen=True)
class TicketWriter:
    """Writes the tickets of one model.

    Args:
        folder: of the tickets.
        windows: what was recorded of them, or why it cannot be read.
    """

    model: str
    folder: Path
    ledger: Ledger
    windows: ModelWindows | str

    def write(self, incident: Incident, events: Sequence[IncidentEvent]) -> None:
        """Write the ticket of an incident, whole or not at all, where it says something new.

        Args:
            events: those of this incident, oldest first.
        """
        path, text = self.folder / f"{incident.id}.md", self._text(incident, events)
        if not path.is_file() or path.read_text(encoding="utf-8") != text:
            write_text(path, text)

    def _text(self, incident: Incident, events: Sequence[IncidentEvent]) -> str:
        decisions = self.ledger.decisions(self.model, limit=LATEST_DECISIONS)
        return _TEMPLATES.render(
            "ticket.md.j2",
            model=self.model,
            incident=incident,
            events=events,
            windows=self.windows,
            latest_windows=LATEST_WINDOWS,
            served=self.ledger.serving_at(self.model, incident.since),
            serves=self.ledger.current_release(self.model),
            decisions=[decision_text(decision) for decision in decisions],
            at=moment_text,
            version=version_text,
        )


def _figure(value: Any) -> str:
    if value is None:
        return "–"
    return f"{value:.4f}" if isinstance(value, float) else str(value)


_TEMPLATES: Final = Templates(
    "mlops_platform.usecases.incidents", {"cell": markdown_cell, "figure": _figure}
)
