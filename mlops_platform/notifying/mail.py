"""Messages by e-mail."""

import smtplib
import ssl
from collections.abc import Iterator
from contextlib import contextmanager
from email.message import EmailMessage

from mlops_platform.errors import NotificationError
from mlops_platform.notifying.attempts import TIMEOUT_SECONDS, PassingFailure, with_attempts
from mlops_platform.notifying.message import Message
from mlops_platform.spec import EmailChannelSpec


class EmailNotifier:
    """One e-mail per message, through an SMTP server.

    Args:
        login: user and password, None where the server wants none.
    """

    def __init__(self, spec: EmailChannelSpec, login: tuple[str, str] | None) -> None:
        self._spec, self._login = spec, login

    def send(self, message: Message) -> None:
        """Send the message to everybody at once."""
        mail = self._mail(message)
        with_attempts(lambda: self._attempt(mail))

    def _mail(self, message: Message) -> EmailMessage:
        mail = EmailMessage()
        # No line of ours ends a header: what a check has found may hold anything.
        mail["Subject"] = " ".join(f"[{message.severity}] {message.subject}".split())
        mail["From"], mail["To"] = self._spec.sender, ", ".join(self._spec.to)
        mail["Message-ID"] = f"<{message.id}@{self._spec.sender.partition('@')[2]}>"
        mail["Auto-Submitted"] = "auto-generated"
        if message.severity == "page":
            mail["Importance"] = "high"
        mail.set_content(message.text)
        return mail

    def _attempt(self, mail: EmailMessage) -> None:
        try:
            with self._server() as server:
                if self._login is not None:
                    server.login(*self._login)
                server.send_message(mail)
        except smtplib.SMTPResponseException as error:
            kind = PassingFailure if 400 <= error.smtp_code < 500 else NotificationError
            raise kind(f"it answered {error.smtp_code}") from None
        except smtplib.SMTPRecipientsRefused as error:
            raise NotificationError(f"it refused {', '.join(error.recipients)}") from None
        except smtplib.SMTPNotSupportedError as error:
            raise NotificationError(f"it lacks what is asked for: {error}") from None
        except (smtplib.SMTPException, OSError) as error:
            raise PassingFailure(f"it does not take mail: {type(error).__name__}") from None

    @contextmanager
    def _server(self) -> Iterator[smtplib.SMTP]:
        where, trusted = (self._spec.host, self._spec.port), ssl.create_default_context()
        if self._spec.security == "tls":
            with smtplib.SMTP_SSL(*where, timeout=TIMEOUT_SECONDS, context=trusted) as server:
                yield server
            return
        with smtplib.SMTP(*where, timeout=TIMEOUT_SECONDS) as server:
            if self._spec.security == "starttls":
                server.starttls(context=trusted)
            yield server
