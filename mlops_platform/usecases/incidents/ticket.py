"""The ticket of an incident: a page of Markdown with the evidence for who looks into it."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final
from zoneinfo import ZoneInfo

from mlops_platform.files import write_text
from mlops_platform.ledger.ledger import Ledger
from mlops_platform.ledger.records import IncidentEvent
from mlops_platform.monitoring.alerting.incident import Incident
from mlops_platform.usecases.reporting.phrases import (
    decision_in_words,
    moment_in_words,
    version_in_words,
)
from mlops_platform.usecases.window.records import ModelWindows
from mlops_platform.usecases.window.score import ScoredWindow

DECISIONS: Final = 8
TOLD_WINDOWS: Final = 8


@dataclass(frozen=True)
class TicketWriter:
    """Writes the tickets of one model.

    Args:
        folder: of the tickets.
        zone: of the times in them.
        windows: what was recorded of them, or why it cannot be read.
    """

    model: str
    folder: Path
    zone: ZoneInfo
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
        sections = {
            "Evidence": _figures(incident.seen.facts),
            "What served": list(self._served(incident)),
            "The latest windows": _windows(self.windows),
            "The latest decisions": list(self._decisions()),
            "What happened": [self._happened(event) for event in events],
            "Look further": [f"- `{command}`" for command in _commands(self.model, incident)],
            "After it": [
                "- What was the effect on those who use the predictions, and for how long?",
                "- What was the cause, and why did nothing catch it earlier?",
                "- What will be changed, by whom, until when?",
            ],
        }
        text = [*self._head(incident)]
        for heading, lines in sections.items():
            text += ["", f"## {heading}", *lines]
        return "\n".join(text) + "\n"

    def _head(self, incident: Incident) -> Iterator[str]:
        check, cause = incident.fingerprint
        state = "open" if incident.is_open else "resolved"
        yield f"# {incident.id}: {check} [{incident.severity}, {state}]"
        yield ""
        yield f"**{_cell(incident.seen.summary)}**"
        yield ""
        yield f"- model: {self.model}"
        if cause:
            yield f"- cause: {_cell(cause)}"
        yield f"- since: {self._at(incident.since)}, first seen {self._at(incident.opened_at)}"
        failed = ", ".join(one for one in incident.occasions if one)
        if failed:
            yield f"- failed in: {failed}"
        if incident.resolved_at is not None:
            yield f"- resolved: {self._at(incident.resolved_at)}"
        known = incident.acknowledged
        if known is not None:
            yield f"- acknowledged: {self._at(known.at)} by {known.actor}: {_cell(known.reason)}"

    def _served(self, incident: Incident) -> Iterator[str]:
        then = self.ledger.serving_at(self.model, incident.since)
        now = self.ledger.current_release(self.model)
        scored = _scored(self.windows, incident.seen.window)
        if scored is not None:
            yield f"- The window {scored.window.name} was scored by {version_in_words(scored)}."
        if then is None:
            yield "- Nothing served when it was found."
        else:
            since = f"since {self._at(then.released_at)}, released by {then.actor}"
            yield f"- When it was found: {version_in_words(then)}, {since}."
        if now is not None and now != then:
            yield f"- Now: {version_in_words(now)}, since {self._at(now.released_at)}."

    def _decisions(self) -> Iterator[str]:
        for decision in self.ledger.decisions(self.model, limit=DECISIONS):
            told = decision_in_words(decision, self.zone)
            yield f"- {told.at}: {told.actor} {told.done}. {_cell(told.reason)}"

    def _happened(self, event: IncidentEvent) -> str:
        at = self._at(event.happened_at)
        return f"- {at}: {event.kind} by {event.actor}: {_cell(event.told)}"

    def _at(self, moment: Any) -> str:
        return moment_in_words(moment, self.zone)


def _figures(facts: Mapping[str, Any]) -> list[str]:
    rows = [[name, _shown(value)] for name, value in facts.items()]
    return _table(["figure", "value"], rows) if rows else ["No figures came with it."]


def _windows(windows: ModelWindows | str) -> list[str]:
    if isinstance(windows, str):
        return [_cell(windows)]
    names = sorted(windows.scored)[-TOLD_WINDOWS:]
    columns = ["window", "state", "version", "rows", "log loss", "expected", "base rate", "drifted"]
    rows = [_window(windows, name) for name in names]
    return _table(columns, rows) if rows else ["No window was scored yet."]


def _scored(windows: ModelWindows | str, name: str | None) -> ScoredWindow | None:
    return None if name is None or isinstance(windows, str) else windows.scored.get(name)


def _window(windows: ModelWindows, name: str) -> list[str]:
    scored, measured = windows.scored[name], windows.performance.get(name)
    watched = windows.drift.get(name)
    drifted = _shown(watched.drift.share_of_columns) if watched else "–"
    head = [name, "unmeasured", str(scored.version), str(scored.rows)]
    if measured is None:
        return [*head, "–", "–", "–", drifted]
    head[1] = "mature" if measured.mature else "provisional"
    losses = measured.losses
    figures = (losses.loss, losses.promised_loss, losses.baseline_loss)
    return [*head, *map(_shown, figures), drifted]


def _commands(model: str, incident: Incident) -> Iterator[str]:
    if incident.seen.window:
        yield f"mlops why {model} {incident.seen.window}"
    yield f"mlops why {model}"
    yield "mlops status"
    yield "mlops doctor"
    if incident.seen.run_id:
        yield f"Dagster UI: /runs/{incident.seen.run_id}"
    yield f'mlops rollback {model} --reason "..."'
    yield f'mlops freeze {model} --reason "..."'
    yield f'mlops incidents ack {incident.id} --reason "..."'


def _table(columns: Sequence[str], rows: Sequence[Sequence[str]]) -> list[str]:
    lines = [columns, ["---"] * len(columns), *rows]
    return [f"| {' | '.join(map(_cell, line))} |" for line in lines]


def _shown(value: Any) -> str:
    if value is None:
        return "–"
    return f"{value:.4f}" if isinstance(value, float) else str(value)


def _cell(text: str) -> str:
    return " ".join(text.split()).replace("|", "\\|")
