"""Webhooks: what arrives, what is tried again, and what never shows."""

import json

import pytest

from mlops_platform.errors import NotificationError
from mlops_platform.notifying.http_post import ping
from mlops_platform.notifying.message import Message
from mlops_platform.notifying.slack import SlackNotifier
from mlops_platform.notifying.webhook import WebhookNotifier
from tests.ports import free_port


def test_a_webhook_gets_the_whole_message_with_its_id_and_token(http, message: Message) -> None:
    WebhookNotifier(http.url, "t0ken").send(message)
    (request,) = http.requests
    assert Message.model_validate_json(request["body"]) == message
    assert request["headers"]["Idempotency-Key"] == "ab12"
    assert request["headers"]["Authorization"] == "Bearer t0ken"


def test_slack_gets_a_text_that_addresses_nobody_by_accident(http, message: Message) -> None:
    SlackNotifier(http.url).send(message)
    text = json.loads(http.requests[0]["body"])["text"]
    assert text.startswith(":rotating_light: *NEW churn: performance/log_loss_increase*")
    assert "&lt;!channel&gt; &amp; rising" in text


@pytest.mark.parametrize("status", [429, 500, 503])
def test_what_may_pass_is_tried_again(http, message: Message, status: int) -> None:
    http.answers = [status, status, 204]
    WebhookNotifier(http.url, None).send(message)
    assert len(http.requests) == 3


def test_what_does_not_pass_is_given_up_for_now(http, message: Message) -> None:
    http.answers = [503]
    with pytest.raises(NotificationError, match="it answered 503"):
        WebhookNotifier(http.url, None).send(message)
    assert len(http.requests) == 3


@pytest.mark.parametrize("status", [400, 401, 404, 302])
def test_a_refusal_is_not_tried_again_and_a_redirect_is_one(
    http, message: Message, status: int
) -> None:
    http.answers = [status]
    with pytest.raises(NotificationError, match=f"it answered {status}") as refused:
        WebhookNotifier(http.url, None).send(message)
    assert len(http.requests) == 1
    assert "s3cret" not in str(refused.value)


def test_nobody_at_home_is_told_without_the_url(message: Message) -> None:
    with pytest.raises(NotificationError, match="cannot be reached") as refused:
        WebhookNotifier(f"http://127.0.0.1:{free_port()}/s3cret", None).send(message)
    assert "s3cret" not in str(refused.value)


def test_what_is_no_url_is_refused_without_being_told(message: Message) -> None:
    with pytest.raises(NotificationError, match="no http or https URL") as refused:
        WebhookNotifier("file:///etc/s3cret", None).send(message)
    assert "s3cret" not in str(refused.value)


def test_a_heartbeat_is_a_get(http) -> None:
    ping(http.url)
    assert [request["method"] for request in http.requests] == ["GET"]
