"""Message: what is sent, the same for every channel."""

from datetime import datetime

from mlops_platform.record import Record
from mlops_platform.spec import AlertSeverity


class MessageIncident(Record):
    """One incident in a message.

    Args:
        status: `open` or `resolved`.
        purpose: why it is told now, for example `reminder`.
        ticket: file with the evidence.
    """

    id: str
    status: str
    purpose: str
    severity: AlertSeverity
    check: str
    cause: str
    summary: str
    since: datetime
    window: str | None
    ticket: str


class Message(Record):
    """What one channel is told at one tick.

    Args:
        id: the same whenever the same is sent again, so that a receiver can drop the repetition.
        severity: the worst of its incidents.
        subject: one line.
        text: all of it, plain.
    """

    id: str
    model: str
    severity: AlertSeverity
    subject: str
    text: str
    incidents: tuple[MessageIncident, ...]
    runbook: str | None = None
