"""Secrets come from the environment alone, and channels do not hold each other up."""

import logging
import threading
import time

import pytest
from pydantic import TypeAdapter, ValidationError

from mlops_platform.errors import NotificationError
from mlops_platform.notifying.channels import notifier_of
from mlops_platform.notifying.delivering import deliver
from mlops_platform.notifying.message import Message
from mlops_platform.spec import AlertingSpec, ChannelSpec

CHANNEL: TypeAdapter = TypeAdapter(ChannelSpec)
MAIL = {
    "type": "email",
    "name": "team",
    "host": "localhost",
    "sender": "a@example.org",
    "to": ["b@example.org"],
}


def test_every_type_of_channel_carries_a_message(
    http, message: Message, caplog: pytest.LogCaptureFixture
) -> None:
    environment = {"ON_CALL": http.url, "TOKEN": "t"}
    for declared in (
        {"type": "log", "name": "log"},
        {"type": "slack", "name": "chat", "url_variable": "ON_CALL"},
        {"type": "webhook", "name": "w", "url_variable": "ON_CALL", "token_variable": "TOKEN"},
    ):
        notifier_of(CHANNEL.validate_python(declared), environment).send(message)
    assert len(http.requests) == 2
    assert caplog.records[-1].levelno == logging.ERROR
    assert "NEW churn" in caplog.text


def test_a_secret_that_is_not_set_is_named(message: Message) -> None:
    spec = CHANNEL.validate_python({"type": "slack", "name": "chat", "url_variable": "NOT_SET"})
    with pytest.raises(NotificationError, match="NOT_SET is not set"):
        notifier_of(spec, {"NOT_SET": " "})


def test_a_secret_in_the_yaml_is_refused_without_being_repeated_in_the_fix() -> None:
    url = "https://hooks.example.org/s3cret"
    with pytest.raises(ValidationError) as refused:
        CHANNEL.validate_python({"type": "slack", "name": "chat", "url_variable": url})
    assert "no place in a YAML" in refused.value.errors()[0]["msg"]


@pytest.mark.parametrize(
    ("changes", "told"),
    [
        ({"to": []}, "at least 1"),
        ({"to": ["nobody"]}, "match pattern"),
        ({"sender": "a@example.org\nBcc: eve@example.org"}, "match pattern"),
        ({"user_variable": "MAIL_USER"}, "or neither"),
        ({"type": "pigeon"}, "pigeon"),
    ],
)
def test_a_channel_that_cannot_work_is_refused(changes: dict, told: str) -> None:
    with pytest.raises(ValidationError, match=told):
        CHANNEL.validate_python(MAIL | changes)


def test_two_channels_of_one_name_are_refused() -> None:
    channels = [{"type": "log", "name": "log"}, {"type": "log", "name": "log"}]
    with pytest.raises(ValidationError, match="two channels are named 'log'"):
        AlertingSpec.model_validate({"channels": channels})


def test_a_channel_that_hangs_or_fails_holds_up_nobody(caplog: pytest.LogCaptureFixture) -> None:
    taken, released = [], threading.Event()

    def fails() -> None:
        raise ValueError("https://s3cret")

    began = time.monotonic()
    sending = {
        "hangs": lambda: released.wait(30) and None,
        "fails": fails,
        "works": lambda: taken.append(1),
    }
    assert deliver(sending, seconds=1) == ["works"]
    assert time.monotonic() - began < 5
    assert taken == [1]
    assert "hangs: it takes too long" in caplog.text
    assert "fails: ValueError" in caplog.text
    assert "s3cret" not in caplog.text
    released.set()
