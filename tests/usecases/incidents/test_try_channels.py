"""A channel that cannot be reached is found by day."""

from datetime import UTC, datetime

from mlops_platform.spec import AlertingSpec, ModelSpec
from mlops_platform.usecases.incidents.try_channels import try_channels


def test_every_channel_says_whether_it_took_the_message() -> None:
    channels = [
        {"type": "log", "name": "log"},
        {"type": "slack", "name": "chat", "url_variable": "CHAT_URL"},
    ]
    spec = ModelSpec.model_construct(
        name="churn", alerting=AlertingSpec.model_validate({"channels": channels})
    )
    tried = try_channels(spec, {}, datetime(2024, 1, 1, tzinfo=UTC))
    assert tried == {"log": None, "chat": "the environment variable CHAT_URL is not set"}
