"""Where alerts of a model are sent."""

from typing import Annotated, Literal, Self

from pydantic import AfterValidator, Field, StringConstraints, model_validator

from mlops_platform.section import Identifier, Section

AlertSeverity = Literal["page", "ticket"]
"""`page`: somebody gets up for it. `ticket`: somebody looks at it in working hours."""


def _names_a_variable(name: str) -> str:
    if not name.isascii() or not name.isupper() or not name.replace("_", "").isalnum():
        raise ValueError(
            "this is no name of an environment variable. Name the one that holds the secret, such "
            "as MLOPS_ON_CALL_URL; the secret itself has no place in a YAML"
        )
    return name


Variable = Annotated[str, AfterValidator(_names_a_variable)]
Address = Annotated[str, StringConstraints(pattern=r"^[^@\s,<>]+@[^@\s,<>]+$")]


class _ChannelSpec(Section):
    """What every channel has."""

    name: Identifier = Field(description="By this name the incident remembers what was sent.")
    severities: Annotated[tuple[AlertSeverity, ...], Field(min_length=1)] = Field(
        default=("page", "ticket"), description="What is sent to it."
    )


class LogChannelSpec(_ChannelSpec):
    """The log of the process that ticks."""

    type: Literal["log"] = Field(description="Kind of the channel.")


class WebhookChannelSpec(_ChannelSpec):
    """JSON by HTTP POST, for whatever wakes people up."""

    type: Literal["webhook"] = Field(description="Kind of the channel.")
    url_variable: Variable = Field(description="Environment variable that holds the URL.")
    token_variable: Variable | None = Field(
        default=None, description="Environment variable that holds a bearer token."
    )


class SlackChannelSpec(_ChannelSpec):
    """An incoming webhook as Slack, Mattermost and Rocket.Chat have it."""

    type: Literal["slack"] = Field(description="Kind of the channel.")
    url_variable: Variable = Field(description="Environment variable that holds the URL.")


class EmailChannelSpec(_ChannelSpec):
    """E-mail through an SMTP server."""

    type: Literal["email"] = Field(description="Kind of the channel.")
    host: Annotated[str, Field(min_length=1)] = Field(description="SMTP server.")
    port: Annotated[int, Field(ge=1, le=65_535)] = Field(default=587, description="Its port.")
    security: Literal["starttls", "tls", "none"] = Field(
        default="starttls", description="`none` is for a server on the same machine."
    )
    sender: Address = Field(description="Address from which messages come.")
    to: Annotated[tuple[Address, ...], Field(min_length=1)] = Field(
        description="Addresses that get every message."
    )
    user_variable: Variable | None = Field(
        default=None, description="Environment variable that holds the user, where one logs in."
    )
    password_variable: Variable | None = Field(
        default=None, description="Environment variable that holds the password."
    )

    @model_validator(mode="after")
    def _a_user_has_a_password(self) -> Self:
        if (self.user_variable is None) != (self.password_variable is None):
            raise ValueError("name both `user_variable` and `password_variable`, or neither")
        return self


ChannelSpec = Annotated[
    LogChannelSpec | WebhookChannelSpec | SlackChannelSpec | EmailChannelSpec,
    Field(discriminator="type"),
]
