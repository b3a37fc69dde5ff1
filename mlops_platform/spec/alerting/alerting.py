"""What becomes an alert, how urgent it is, and who is told how often."""

from collections.abc import Mapping
from types import MappingProxyType
from typing import Annotated, ClassVar, Final, Literal, Self

from pydantic import Field, model_validator

from mlops_platform.section import Section
from mlops_platform.spec.alerting.channels import (
    AlertSeverity,
    ChannelSpec,
    LogChannelSpec,
    Variable,
)

Urgency = Literal["page", "ticket", "off"]
Hours = Annotated[float, Field(gt=0, le=8760)]
Minutes = Annotated[float, Field(ge=2, le=525_600)]


_RETIRED: Final[Mapping[str, str]] = MappingProxyType({"silence": "write `heartbeats`"})


class SeveritiesSpec(Section):
    """How urgent each kind of fault is; `off` makes no alert of it."""

    retired: ClassVar[Mapping[str, str]] = _RETIRED

    warn: Urgency = Field(default="ticket", description="Checks that fail with a warning.")
    error: Urgency = Field(default="page", description="Checks that fail with an error.")
    gate_criteria: Urgency = Field(
        default="off", description="Missed criteria of the gate: losing is a normal outcome."
    )
    failed_runs: Urgency = Field(default="ticket", description="Runs of the model's jobs.")
    heartbeats: Urgency = Field(default="page", description="What no longer arrives.")
    checks: Mapping[str, Urgency] = Field(
        default={}, description="Single checks by name; this wins over all of the above."
    )


class CooldownSpec(Section):
    """Least time between two messages about the same fault at the same severity.

    A fault that comes back within it belongs to the same incident.
    """

    page_hours: Hours = Field(default=1.0, description="Between two pages.")
    ticket_hours: Hours = Field(default=168.0, description="Between two tickets.")

    def hours(self, severity: AlertSeverity) -> float:
        """Of one severity."""
        return self.page_hours if severity == "page" else self.ticket_hours


class EscalationSpec(Section):
    """When a ticket that nobody acknowledged becomes a page; null switches it off."""

    after_windows: Annotated[int, Field(ge=2)] | None = Field(
        default=3, description="It failed in so many windows, or runs, of the incident."
    )
    after_hours: Hours | None = Field(default=None, description="It has lasted so long.")


class HeartbeatSpec(Section):
    """How long nothing may arrive; null does not watch it."""

    window_hours: Hours | None = Field(
        default=24.0, description="A window has ended so long ago and is not measured."
    )
    sensor_minutes: Minutes | None = Field(
        default=15.0, description="A sensor of the model that is switched on has not ticked well."
    )
    prediction_minutes: Minutes | None = Field(
        default=None, description="The service has logged no prediction."
    )


class AlertingSpec(Section):
    """Incidents instead of noise."""

    retired: ClassVar[Mapping[str, str]] = _RETIRED

    channels: tuple[ChannelSpec, ...] = Field(
        default=(LogChannelSpec(name="log", type="log"),), description="Where messages are sent."
    )
    severities: SeveritiesSpec = Field(
        default=SeveritiesSpec(), description="How urgent each kind of fault is."
    )
    cooldown: CooldownSpec = Field(
        default=CooldownSpec(), description="How often the same fault is told again."
    )
    escalation: EscalationSpec = Field(
        default=EscalationSpec(), description="When a ticket becomes a page."
    )
    acknowledged_hours: Hours = Field(
        default=72.0, description="How long an acknowledged incident is kept quiet."
    )
    heartbeats: HeartbeatSpec = Field(
        default=HeartbeatSpec(), description="How long nothing may arrive."
    )
    runbook: str | None = Field(default=None, description="A link that every message shows.")
    heartbeat_url_variable: Variable | None = Field(
        default=None,
        description=(
            "Environment variable that holds a URL which every tick asks for, of a service outside "
            "that complains once nobody asks."
        ),
    )

    @model_validator(mode="after")
    def _channels_have_names_of_their_own(self) -> Self:
        names = [channel.name for channel in self.channels]
        twice = sorted({name for name in names if names.count(name) > 1})
        if twice:
            raise ValueError(f"two channels are named '{twice[0]}'; give each a name of its own")
        return self
