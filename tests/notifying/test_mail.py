"""E-mail: what arrives at a real SMTP server."""

import base64
from email import message_from_bytes, policy

import pytest

from mlops_platform.errors import NotificationError
from mlops_platform.notifying.mail import EmailNotifier
from mlops_platform.notifying.message import Message
from mlops_platform.spec import EmailChannelSpec


def channel(port: int, **changes: object) -> EmailChannelSpec:
    fields = {
        "type": "email",
        "name": "team",
        "host": "127.0.0.1",
        "port": port,
        "security": "none",
        "sender": "mlops@example.org",
        "to": ["alice@example.org", "bob@example.org"],
    }
    return EmailChannelSpec.model_validate(fields | changes)


def test_everybody_gets_one_mail(smtp, message: Message) -> None:
    EmailNotifier(channel(smtp.port), ("user", "passw0rd")).send(message)
    (request,) = smtp.requests
    mail = message_from_bytes(request["mail"], policy=policy.default)
    assert mail["Subject"] == "[page] NEW churn: performance/log_loss_increase"
    assert mail["Message-ID"] == "<ab12@example.org>"
    assert "log loss is 0.61" in mail.get_content()
    assert len(request["to"]) == 2
    assert base64.b64decode(request["auth"].split()[-1]) == b"\0user\0passw0rd"


def test_a_finding_cannot_write_headers(smtp, message: Message) -> None:
    forged = message.model_copy(update={"subject": "churn\r\nBcc: eve@example.org"})
    EmailNotifier(channel(smtp.port), None).send(forged)
    mail = message_from_bytes(smtp.requests[0]["mail"], policy=policy.default)
    assert mail["Bcc"] is None
    assert mail["Subject"] == "[page] churn Bcc: eve@example.org"


def test_a_busy_server_is_tried_again(smtp, message: Message) -> None:
    smtp.answers = ["451 later", "250 taken"]
    EmailNotifier(channel(smtp.port), None).send(message)
    assert len(smtp.requests) == 2


def test_a_refusal_is_not_tried_again(smtp, message: Message) -> None:
    smtp.answers = ["554 no"]
    with pytest.raises(NotificationError, match="it answered 554"):
        EmailNotifier(channel(smtp.port), None).send(message)
    assert len(smtp.requests) == 1


def test_a_server_without_tls_gets_no_mail_that_wants_it(smtp, message: Message) -> None:
    with pytest.raises(NotificationError, match="lacks what is asked for"):
        EmailNotifier(channel(smtp.port, security="starttls"), ("user", "passw0rd")).send(message)
    assert smtp.requests == []
