"""Messages as lines of the process's log."""

import logging

from mlops_platform.notifying.message import Message

logger = logging.getLogger("mlops_platform.alerts")


class LogNotifier:
    """Pages at level ERROR, tickets at level WARNING."""

    def send(self, message: Message) -> None:
        """Log the message."""
        level = logging.ERROR if message.severity == "page" else logging.WARNING
        logger.log(level, "%s\n%s", message.subject, message.text)
