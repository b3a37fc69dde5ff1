"""How a released model is served, logged and rolled out; packed into every Bento."""

import math
from collections.abc import Mapping
from types import MappingProxyType
from typing import Annotated, ClassVar, Literal, Self

from pydantic import Field, model_validator

from mlops_platform.section import Identifier, PositiveDays, Section, Share

MAX_TEXT_CHARACTERS = 10_000


class PredictionLogSpec(Section):
    """The log of served predictions: one JSON line each."""

    sample: Share = Field(
        default=1.0,
        description="Share of requests that are logged, chosen by a hash of the request id.",
    )
    redact: tuple[Identifier, ...] = Field(
        default=(),
        description=(
            "Fields whose values never reach the log: features, or the entity. Rows that lack a "
            "feature for it cannot be scored again."
        ),
    )
    rotate_megabytes: Annotated[float, Field(gt=0, le=10_000)] = Field(
        default=64.0, description="A worker's file is closed at this size and a new one begun."
    )
    keep_days: PositiveDays = Field(
        default=30, description="Closed files that have landed are deleted after this long."
    )


class OnlineStoreSpec(Section):
    """The latest features of every entity, for predictions by entity alone."""

    keep_days: PositiveDays = Field(
        default=7,
        description=(
            "Entities whose event time is older than this are not exported; counted back from the "
            "present of the model, or from `window.end` where that is past."
        ),
    )
    stale_after_minutes: Annotated[int, Field(ge=1)] = Field(
        default=1440,
        description=(
            "An export older than this is refused by `/v1/predict_by_entity` and fails its check."
        ),
    )


class ServingSpec(Section):
    """What the Bento holds and how the service answers."""

    golden_rows: Annotated[int, Field(ge=1, le=1000)] = Field(
        default=50, description="Rows packed with their expected answers."
    )
    workers: Annotated[int, Field(ge=1, le=64)] = Field(
        default=1, description="Processes of the service that answer."
    )
    max_batch_rows: Annotated[int, Field(ge=1, le=100_000)] = Field(
        default=1000, description="Requests with more rows are refused."
    )
    max_body_kilobytes: Annotated[int, Field(ge=1, le=1_000_000)] = Field(
        default=2048, description="Larger request bodies are refused with 413."
    )
    max_text_characters: Annotated[int, Field(ge=1, le=1_000_000)] = Field(
        default=MAX_TEXT_CHARACTERS,
        description="Longer values of text columns are refused with 422.",
        # Services that were packed before there was text read what is packed today.
        exclude_if=lambda characters: characters == MAX_TEXT_CHARACTERS,
    )
    max_concurrency: Annotated[int, Field(ge=1)] = Field(
        default=256, description="Requests in flight per worker; more are refused with 429."
    )
    timeout_seconds: Annotated[float, Field(gt=0, le=600)] = Field(
        default=10.0, description="A request that takes longer is answered with 504."
    )
    drain_seconds: Annotated[int, Field(ge=1, le=900)] = Field(
        default=20, description="Time that requests in flight have to end once the service stops."
    )
    log: PredictionLogSpec = Field(
        default=PredictionLogSpec(), description="What is kept of each answer."
    )
    online_store: OnlineStoreSpec | None = Field(
        default=None, description="Switches `/v1/predict_by_entity` and its export on."
    )

    @model_validator(mode="after")
    def _every_request_ends_before_the_service_does(self) -> Self:
        # A time-out may come a twentieth of its time late.
        least = math.ceil(1.1 * self.timeout_seconds)
        if self.drain_seconds < least:
            raise ValueError(
                f"drain_seconds={self.drain_seconds} would cut requests short that may take "
                f"timeout_seconds={self.timeout_seconds:g}; drain for {least} at least, or let "
                "them time out earlier"
            )
        return self


class ProbationSpec(Section):
    """What a new champion must keep, for a time, or the previous one is released again."""

    retired: ClassVar[Mapping[str, str]] = MappingProxyType(
        {"log_loss_increase": "write `loss_increase`"}
    )

    hours: Annotated[float, Field(ge=0)] = Field(
        default=24.0, description="How long a new champion is on probation; 0 switches it off."
    )
    min_requests: Annotated[int, Field(ge=1)] = Field(
        default=200, description="Fewer answered requests are no evidence."
    )
    max_error_share: Share = Field(
        default=0.01, description="Objective: share of requests answered with a server error."
    )
    max_p99_milliseconds: Annotated[float, Field(gt=0)] = Field(
        default=250.0, description="Objective: 99th percentile of the latency."
    )
    loss_increase: Annotated[float, Field(gt=0)] = Field(
        default=0.1,
        description="Matured loss above what the test promised by more than this rolls back.",
    )
    min_labelled: Annotated[int, Field(ge=1)] = Field(
        default=500, description="Fewer matured labels say nothing about quality."
    )


class ReleaseSpec(Section):
    """How a version that passed the gate becomes the champion.

    `direct`: at once. `manual`: it waits for a person, the first one as well. `shadow`: it first
    scores every request beside the champion, unseen. `canary`: it first answers a share of the
    entities.
    """

    mode: Literal["direct", "manual", "shadow", "canary"] = Field(
        default="direct",
        description=(
            "`direct`: it serves at once; `manual`: when a person says so with `mlops approve`, "
            "the first one as well; `shadow`: it first scores every request, unseen; "
            "`canary`: it first answers a share of the entities."
        ),
    )
    canary_share: Annotated[float, Field(gt=0, lt=1)] = Field(
        default=0.1, description="Share of entities that the challenger answers."
    )
    min_labelled: Annotated[int, Field(ge=1)] = Field(
        default=1000, description="Matured labels of the challenger before there is a verdict."
    )
    max_days: PositiveDays = Field(
        default=14, description="Without enough evidence after this long the challenger is aborted."
    )
    margin: Annotated[float, Field(ge=0)] = Field(
        default=0.0,
        description="Loss by which the challenger may be worse on matured labels, at most.",
    )
    confidence: Annotated[float, Field(gt=0.5, lt=1)] = Field(
        default=0.8, description="One-sided confidence of the comparison."
    )
    probation: ProbationSpec = Field(
        default=ProbationSpec(), description="What a new champion must keep, or it is rolled back."
    )

    @model_validator(mode="before")
    @classmethod
    def _mode_alone(cls, attributes: object) -> object:
        return {"mode": attributes} if isinstance(attributes, str) else attributes

    @property
    def is_direct(self) -> bool:
        """Whether a version that passed the gate serves at once."""
        return self.mode == "direct"

    @property
    def is_manual(self) -> bool:
        """Whether a version that passed the gate waits for a person."""
        return self.mode == "manual"
