"""From a channel of the YAML to what carries messages there."""

from collections.abc import Mapping

from mlops_platform.errors import NotificationError
from mlops_platform.notifying.log import LogNotifier
from mlops_platform.notifying.mail import EmailNotifier
from mlops_platform.notifying.notifier import Notifier
from mlops_platform.notifying.slack import SlackNotifier
from mlops_platform.notifying.webhook import WebhookNotifier
from mlops_platform.spec import (
    ChannelSpec,
    LogChannelSpec,
    SlackChannelSpec,
    WebhookChannelSpec,
)


def notifier_of(spec: ChannelSpec, environment: Mapping[str, str]) -> Notifier:
    """What carries messages to a channel.

    Raises:
        NotificationError: a variable that holds one of its secrets is not set.
    """
    if isinstance(spec, LogChannelSpec):
        return LogNotifier()
    if isinstance(spec, SlackChannelSpec):
        return SlackNotifier(secret(spec.url_variable, environment))
    if isinstance(spec, WebhookChannelSpec):
        token = spec.token_variable and secret(spec.token_variable, environment)
        return WebhookNotifier(secret(spec.url_variable, environment), token)
    if spec.user_variable is None or spec.password_variable is None:
        return EmailNotifier(spec, None)
    login = secret(spec.user_variable, environment), secret(spec.password_variable, environment)
    return EmailNotifier(spec, login)


def secret(variable: str, environment: Mapping[str, str]) -> str:
    """What a variable holds.

    Raises:
        NotificationError: it is not set.
    """
    value = environment.get(variable, "").strip()
    if not value:
        raise NotificationError(f"the environment variable {variable} is not set")
    return value
