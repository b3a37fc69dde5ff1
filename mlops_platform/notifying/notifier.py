"""Notifier: what can carry a message to people."""

from typing import Protocol

from mlops_platform.notifying.message import Message


class Notifier(Protocol):
    """One channel."""

    def send(self, message: Message) -> None:
        """Hand a message over.

        Raises:
            NotificationError: it was not taken; says why, and no secret.
        """
