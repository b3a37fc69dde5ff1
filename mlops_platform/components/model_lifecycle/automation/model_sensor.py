"""ModelSensor: one Dagster sensor that looks at every model, and lets none stop the others."""

import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import cached_property
from typing import Final

import dagster as dg

from mlops_platform.components.model_lifecycle.automation.requests import ANY_ASSETS
from mlops_platform.components.model_lifecycle.automation.sensor_cursor import (
    NEVER,
    LastLook,
    SensorCursor,
)
from mlops_platform.components.model_lifecycle.lifecycle_model import LifecycleModel
from mlops_platform.components.replays import replay_tags
from mlops_platform.ledger.records import Decision
from mlops_platform.spec import ModelSpec
from mlops_platform.usecases.deployment import Deployment, open_deployment
from mlops_platform.usecases.ledger.retirement import retired_models, retirement_text

TICK_SECONDS: Final = 60
LONGEST_TICK_SECONDS: Final = 20.0
"""A tick begins no look after so long, and the next tick goes on. Dagster gives a tick up after
sixty seconds, and a look of alerting may wait fifteen for a channel."""
MOST_REQUESTS: Final = 25
"""Runs after which a tick asks for no more: each is planned and queued before the tick ends."""
MOST_MODELS_TOLD: Final = 20


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


LookAtModel = Callable[[LifecycleModel, str | None], Look]
"""Looks at one model, given the memory of the last look at it."""


@dataclass(frozen=True)
class Tick:
    """What all looks of one tick share.

    Args:
        models: those that the sensor looks at.
        before: what the tick before has left.
        unbroken_since: the first of the ticks that followed each other without a long pause.
    """

    sensor: str
    models: Sequence[LifecycleModel]
    before: SensorCursor
    unbroken_since: datetime
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
        looks = self.before.models
        return {name: looks[name].memory for name in self.names if name in looks}

    @cached_property
    def retired(self) -> Mapping[str, Decision]:
        """Models that nothing is asked of any more; read once for all of them."""
        return retired_models(self.deployment.ledger)

    def look_at(self, model: LifecycleModel, look: LookAtModel, memory: str | None) -> Look:
        """Look at one model, unless it is retired: a look after that is a first one again."""
        retired = self.retired.get(model.name)
        if retired is not None:
            return Look(f"It is retired, {retirement_text(retired)}.")
        return look(model, memory)

    @property
    def actor(self) -> str:
        """Who decides, for the ledger."""
        return f"sensor {self.sensor}"


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
            before = SensorCursor.of(context.cursor)
            unbroken_since = before.unbroken_at(datetime.now(UTC))
            tick = Tick(self.name, models, before, unbroken_since, open_deployment(), context)
            with tick.deployment.kept_open():
                return _looked_at_each(tick, self.begin(tick))

        return look_at_models


def _looked_at_each(tick: Tick, look_at: LookAtModel) -> dg.SensorResult:
    """Look at the models, those first at which nobody has looked for the longest time.

    Raises:
        Exception: of the first model, where all were looked at in vain: the tick has failed then.
    """
    looks, ends_at = _Looks(tick), time.monotonic() + LONGEST_TICK_SECONDS
    for model in sorted(tick.models, key=lambda model: tick.before.looked_at(model.name)):
        looks.add(model, look_at)
        if time.monotonic() > ends_at or len(looks.requests) >= MOST_REQUESTS:
            break
    return looks.result()


class _Looks:
    """What came of the looks of one tick."""

    def __init__(self, tick: Tick) -> None:
        self.tick = tick
        known = tick.before.models
        self.last = {name: known[name] for name in tick.names if name in known}
        self.requests: list[dg.RunRequest] = []
        self.messages: dict[str, str] = {}
        self.errors: list[Exception] = []

    def add(self, model: LifecycleModel, look_at: LookAtModel) -> None:
        """Look at one model; an error of any kind is its own, and the others are looked at."""
        last, now = self.last.get(model.name, LastLook(looked_at=NEVER)), datetime.now(UTC)
        try:
            look = self.tick.look_at(model, look_at, last.memory)
            tags = replay_tags(self.tick.deployment, model.name)
        except Exception as error:
            self.tick.context.log.exception("%s cannot be looked at", model.name)
            self.errors.append(error)
            self.messages[model.name] = f"cannot be looked at: {error}"
            self.last[model.name] = last.failed(now)
        else:
            self.requests += [
                request.with_replaced_attrs(tags={**request.tags, **tags})
                for request in look.requests
            ]
            self.messages[model.name] = look.message
            self.last[model.name] = last.succeeded(now, look.memory)

    def result(self) -> dg.SensorResult:
        """What the daemon is told, and the next tick remembers.

        Raises:
            Exception: the first one, where no model at all could be looked at. An early end must
                not raise: the next tick would begin with the same models for ever.
        """
        if len(self.errors) == len(self.tick.models):
            raise self.errors[0]
        return dg.SensorResult(
            run_requests=self.requests or None,
            skip_reason=None if self.requests else _told(self.messages),
            cursor=SensorCursor(
                ticked_at=datetime.now(UTC),
                unbroken_since=self.tick.unbroken_since,
                models=self.last,
            ).text,
        )


def _told(messages: Mapping[str, str]) -> str:
    """What is to be told of each model; of one model alone without its name."""
    if len(messages) == 1:
        return next(iter(messages.values()))
    lines = [f"{model}: {message}" for model, message in messages.items()]
    rest = len(lines) - MOST_MODELS_TOLD
    return "\n".join(lines[:MOST_MODELS_TOLD] + ([f"and {rest} more models"] if rest > 0 else []))
