"""Messages to an incoming webhook as Slack, Mattermost and Rocket.Chat have it."""

from mlops_platform.notifying.http_post import post_json
from mlops_platform.notifying.message import Message

MARKS = {"page": ":rotating_light:", "ticket": ":ticket:"}


class SlackNotifier:
    """Posts one text."""

    def __init__(self, url: str) -> None:
        self._url = url

    def send(self, message: Message) -> None:
        """POST the message's subject and text."""
        head = f"{MARKS[message.severity]} *{_plain(message.subject)}*"
        post_json(self._url, {"text": f"{head}\n{_plain(message.text)}"}, {})


def _plain(text: str) -> str:
    """The three characters that Slack gives a meaning, among them that of `<!channel>`."""
    return text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")
