"""Messages as JSON by HTTP POST."""

from mlops_platform.notifying.http_post import post_json
from mlops_platform.notifying.message import Message


class WebhookNotifier:
    """Posts the whole message; `Idempotency-Key` is its id.

    Args:
        token: sent as a bearer token, where there is one.
    """

    def __init__(self, url: str, token: str | None) -> None:
        self._url, self._token = url, token

    def send(self, message: Message) -> None:
        """POST the message."""
        headers = {"Idempotency-Key": message.id}
        if self._token is not None:
            headers["Authorization"] = f"Bearer {self._token}"
        post_json(self._url, message.model_dump(mode="json"), headers)
