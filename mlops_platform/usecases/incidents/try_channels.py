"""A test message to every channel of a model: better refused by day than missed by night."""

from collections.abc import Mapping
from datetime import datetime

from mlops_platform.errors import NotificationError
from mlops_platform.notifying.channels import notifier_of
from mlops_platform.notifying.message import Message
from mlops_platform.spec import ChannelSpec, ModelSpec


def try_channels(
    spec: ModelSpec, environment: Mapping[str, str], moment: datetime
) -> dict[str, str | None]:
    """Send the message; returns what went wrong by channel, None where it was taken.

    Args:
        moment: by the clock of the machine; makes each test another message.
    """
    subject = f"TEST {spec.name}: this channel is told of incidents"
    message = Message(
        id=f"test-{spec.name}-{moment.timestamp():.0f}",
        model=spec.name,
        severity="ticket",
        subject=subject,
        text="Somebody tries whether messages arrive. Nothing is wrong.",
        incidents=(),
        runbook=spec.alerting.runbook,
    )
    return {
        channel.name: _problem(channel, environment, message) for channel in spec.alerting.channels
    }


def _problem(channel: ChannelSpec, environment: Mapping[str, str], message: Message) -> str | None:
    try:
        notifier_of(channel, environment).send(message)
    except NotificationError as error:
        return str(error)
    return None
