"""ModelSensor: one Dagster sensor that looks at every model, and lets none stop the others."""

import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Final

import dagster as dg

from mlops_platform.components.model_lifecycle.automation.requests import ANY_ASSETS
from mlops_platform.components.model_lifecycle.automation.sensor_cursor import (
    LastLook,
    SensorCursor,
)
from mlops_platform.components.model_lifecycle.lifecycle_model import LifecycleModel
from mlops_platform.spec import ModelSpec
from mlops_platform.usecases.deployment import Deployment, open_deployment

TICK_SECONDS: Final = 60
LONGEST_TICK_SECONDS: Final = 30.0
"""A tick stops there, and the next one goes on; Dagster gives a tick up after sixty."""
MOST_REQUESTS: Final = 25
"""Runs after which a tick asks for no more: each is planned and queued before the tick ends."""
MOST_MODELS_TOLD: Final = 20
NEVER: Final = datetime(1970, 1, 1, tzinfo=UTC)


@dataclass(frozen=True)
class Look:
    """What came of looking at one model.

    Args:
        message: why nothing is asked for, or what was done.
        memory: what the next look at the model is to know.
    """

    message: str = ""
    requests: Sequence[dg.RunRequest] = ()
    memory: str | None = None


@dataclass(frozen=True)
class Tick:
    """What all looks of one tick share.

    Args:
        models: those that the sensor looks at.
        before: the last look at each of them.
    """

    sensor: str
    models: Sequence[LifecycleModel]
    before: Mapping[str, LastLook]
    deployment: Deployment
    context: dg.SensorEvaluationContext

    @property
    def instance(self) -> dg.DagsterInstance:
        """Runs and events."""
        return self.context.instance

    @property
    def names(self) -> list[str]:
        """Names of the models."""
        return [model.name for model in self.models]

    @property
    def memories(self) -> dict[str, str | None]:
        """What the last look at each model left."""
        return {name: self.before[name].memory for name in self.names if name in self.before}

    @property
    def actor(self) -> str:
        """Who decides, for the ledger."""
        return f"sensor {self.sensor}"


LookAtModel = Callable[[LifecycleModel, str | None], Look]
"""Looks at one model, given the memory of the last look at it."""


@dataclass(frozen=True)
class ModelSensor:
    """A sensor shared by all models whose YAML switches it on.

    Args:
        is_on: whether the YAML of a model wants it.
        switch: the field of the YAML that says so.
        begin: reads what all looks of a tick share, and returns how one model is looked at.
    """

    name: str
    description: str
    switch: str
    is_on: Callable[[ModelSpec], bool]
    begin: Callable[[Tick], LookAtModel]

    def definition(self, models: Sequence[LifecycleModel]) -> dg.SensorDefinition:
        """The Dagster sensor over the models that want it; off where none does."""
        return self.over([model for model in models if self.is_on(model.spec)])

    def over(self, models: Sequence[LifecycleModel]) -> dg.SensorDefinition:
        """The Dagster sensor over exactly these models."""
        on, off = dg.DefaultSensorStatus.RUNNING, dg.DefaultSensorStatus.STOPPED

        @dg.sensor(
            name=self.name,
            job_name=ANY_ASSETS,
            minimum_interval_seconds=TICK_SECONDS,
            default_status=on if models else off,
            description=f"{self.description} For models whose YAML says `{self.switch}: true`.",
        )
        def look_at_models(context: dg.SensorEvaluationContext) -> dg.SensorResult:
            if not models:
                return dg.SensorResult(skip_reason=f"No model's YAML says `{self.switch}: true`.")
            before = SensorCursor.of(context.cursor).models
            tick = Tick(self.name, models, before, open_deployment(), context)
            with tick.deployment.kept_open():
                return _looked_at_each(tick, self.begin(tick))

        return look_at_models


def _looked_at_each(tick: Tick, look_at: LookAtModel) -> dg.SensorResult:
    """Look at the models, those first at which nobody has looked for the longest time.

    Raises:
        Exception: of the first model, where no look succeeded: the tick has failed then.
    """
    before = tick.before
    after = {model.name: before[model.name] for model in tick.models if model.name in before}
    requests: list[dg.RunRequest] = []
    messages: dict[str, str] = {}
    errors: list[Exception] = []
    ends_at = time.monotonic() + LONGEST_TICK_SECONDS
    for model in sorted(tick.models, key=lambda model: _looked_at(before.get(model.name))):
        last, now = before.get(model.name, LastLook(looked_at=NEVER)), datetime.now(UTC)
        try:
            look = look_at(model, last.memory)
        except Exception as error:  # of any kind: the others are looked at all the same
            tick.context.log.exception("%s cannot be looked at", model.name)
            messages[model.name], after[model.name] = str(error), last.failed(now)
            errors.append(error)
        else:
            requests += look.requests
            messages[model.name], after[model.name] = look.message, last.succeeded(now, look.memory)
        if time.monotonic() > ends_at or len(requests) >= MOST_REQUESTS:
            break
    if len(errors) == len(messages):
        raise errors[0]
    return dg.SensorResult(
        run_requests=requests or None,
        skip_reason=None if requests else _told(messages),
        cursor=SensorCursor(models=after).text,
    )


def _looked_at(last: LastLook | None) -> datetime:
    return NEVER if last is None else last.looked_at


def _told(messages: Mapping[str, str]) -> str:
    """What is to be told of each model; of one model alone without its name."""
    if len(messages) == 1:
        return next(iter(messages.values()))
    lines = [f"{model}: {message}" for model, message in messages.items()]
    rest = len(lines) - MOST_MODELS_TOLD
    return "\n".join(lines[:MOST_MODELS_TOLD] + ([f"and {rest} more models"] if rest > 0 else []))
