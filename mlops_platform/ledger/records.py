"""The rows of the ledger as values."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any, Final, Literal, Self, get_args

from pydantic import Field, FiniteFloat

from mlops_platform.record import Record, left_out_where_empty
from mlops_platform.tasks import Adjustment

ReleaseKind = Literal["promote", "roll_back"]
"""Decisions that change what serves; they exist only together with their release."""

DecisionKind = Literal[
    "retrain",
    "suggest",
    "decline",
    "wait",
    "reject",
    "challenge",
    "package",
    "abort",
    "promote",
    "keep",
    "roll_back",
    "freeze",
    "unfreeze",
    "retire",
    "reinstate",
    "erase",
    "export",
    "accept_loss",
]

STANDING_KINDS: Final[tuple[DecisionKind, ...]] = ("challenge", "abort", "promote", "roll_back")
"""Decisions after which another version serves, or stands beside what serves."""
RELEASE_KINDS: Final[tuple[DecisionKind, ...]] = get_args(ReleaseKind)
"""Decisions after which another version serves."""
FREEZE_KINDS: Final[tuple[DecisionKind, ...]] = ("freeze", "unfreeze")
RETIREMENT_KINDS: Final[tuple[DecisionKind, ...]] = ("retire", "reinstate")
NO_DECISION: Final = 0
"""Id of the newest of some kinds where there was none."""


ACCEPTANCE: Final[DecisionKind] = "accept_loss"
LOST: Final = "lost"
"""Evidence of an acceptance: the lost rows, each with its hash under `ROW`."""
ROW: Final = "row"

ActivationEvent = Literal["started", "swapped", "refused", "stopped"]
"""`refused`: a version that a worker would not use; what served before goes on serving."""


_REFERENCE: Final = "reference/"
"""Among the digests in the row of a release: of a folder, which no file's path is."""
REPLAYED: Final = "replayed"
"""In the evidence of a decision about a model that was replayed: it was made at that moment of the
replay, and really later."""


class NewDecision(Record):
    """A decision that is not written yet.

    Args:
        actor: who or what decided, for example ``policy`` or ``alice@example.org``.
        evidence: what the decision rests on; finite numbers, strings, lists and mappings only.
        window: name of the monitored window that the decision is about, if any.
    """

    kind: DecisionKind
    reason: str
    actor: str
    evidence: dict[str, Any] = Field(default={})
    window: str | None = None


class Decision(NewDecision):
    """A written decision.

    Args:
        row_format: in which the row was written, and with it what is nested in its evidence.
    """

    id: int
    model: str
    made_at: datetime
    previous_hash: str
    hash: str
    row_format: int = 0


class Seen(Record):
    """The newest decision of some kinds that another one rests on, compared when that is written.

    Args:
        id: `NO_DECISION` where there was none.
    """

    kinds: tuple[DecisionKind, ...]
    id: int

    @classmethod
    def of(cls, kinds: tuple[DecisionKind, ...], newest: Decision | None) -> Self:
        """That a decision is the newest of some kinds; None where there is none of them."""
        return cls(kinds=kinds, id=NO_DECISION if newest is None else newest.id)


class FittedValues(Record):
    """What decides about the answers of a version, and about its judgement, beside its files.

    Args:
        task: the kind of task that it was trained for.
        constants: what turns the numbers of the model into predictions, finite each.
        training_set: hash of what it was fitted on.
        fitted_through: event time of the last row of that.
    """

    task: str
    constants: dict[str, FiniteFloat]
    training_set: str
    fitted_through: datetime


class BentoIdentity(Record):
    """What pins the Bento of a version.

    Args:
        digest: of all its files; None of one that was packed before digests were kept.
    """

    tag: str
    digest: str | None = None


class VersionIdentity(Record):
    """Everything that pins one registered version.

    Args:
        digests: SHA-256 of every file of the version by its relative path.
        schema_hash: hash of the feature schema that the version reads.
        environment_hash: hash of the packages that the version was fitted with.
        fitted: None of a version that was registered before the ledger kept it.
        reference: digest of what its windows are compared with; None where the ledger has none.
    """

    version: int
    run_id: str
    digests: dict[str, str]
    schema_hash: str
    environment_hash: str
    fitted: FittedValues | None = Field(default=None, exclude_if=left_out_where_empty)
    reference: str | None = Field(default=None, exclude_if=left_out_where_empty)

    @property
    def identity(self) -> "VersionIdentity":
        """Without what a release or a trial of the version adds."""
        return VersionIdentity(**self.model_dump(include=set(VersionIdentity.model_fields)))

    @property
    def sealed_digests(self) -> dict[str, str]:
        """Those of the version and of its reference, as the row of a release keeps them."""
        reference = {} if self.reference is None else {_REFERENCE: self.reference}
        return {**self.digests, **reference}


def told_digests(sealed: Mapping[str, str]) -> dict[str, Any]:
    """The fields of a version that its `sealed_digests` say."""
    digests = {name: digest for name, digest in sealed.items() if name != _REFERENCE}
    return {"digests": digests, "reference": sealed.get(_REFERENCE)}


class PackedVersion(VersionIdentity):
    """A version that has a Bento, or will have.

    Args:
        bento_tag: None until its Bento is built.
        bento_digest: of the whole Bento; None of one that was packed before digests were kept.
    """

    bento_tag: str | None
    bento_digest: str | None = Field(default=None, exclude_if=left_out_where_empty)

    @property
    def bento(self) -> BentoIdentity | None:
        """The newest Bento that was built of it."""
        tag = self.bento_tag
        return None if tag is None else BentoIdentity(tag=tag, digest=self.bento_digest)


class Release(PackedVersion):
    """A written release: the `sequence`-th champion of its model.

    Args:
        row_format: in which the row was written.
    """

    model: str
    sequence: int
    kind: ReleaseKind
    decision_id: int
    actor: str
    released_at: datetime
    previous_hash: str
    hash: str
    row_format: int = 0


class NewAdjustment(Adjustment):
    """An adjustment of a release that is not written yet.

    Args:
        sequence, version: the release whose answers it adjusts, and its version.
        valid_from: from when on it is the right one; a later one takes its place.
    """

    sequence: int
    version: int
    valid_from: datetime
    actor: str


class WrittenAdjustment(NewAdjustment):
    """A written adjustment.

    Args:
        number: counted by release, from 1; 0 are the version's own constants.
        recorded_at: from when on it could be used.
        row_format: in which the row was written.
    """

    id: int
    model: str
    number: int
    recorded_at: datetime
    previous_hash: str
    hash: str
    row_format: int = 0


class NewActivation(Record):
    """What a worker of a service says that it did.

    Args:
        worker: name of the worker's process, unique for all time.
        role: what the version is for, or would have been for: champion or challenger.
        sequence: number under which the version answers.
        detail: why a version was refused; otherwise how it came into use.
        happened_at: by the clock of the worker's machine.
    """

    worker: str
    event: ActivationEvent
    role: str
    sequence: int
    version: int
    detail: str
    happened_at: datetime


class Activation(NewActivation):
    """A written activation.

    Args:
        row_format: in which the row was written.
    """

    id: int
    model: str
    previous_hash: str
    hash: str
    row_format: int = 0


IncidentEventKind = Literal[
    "opened",
    "persisted",
    "reopened",
    "escalated",
    "noticed",
    "delivered",
    "acknowledged",
    "resolved",
]


class NewIncidentEvent(Record):
    """Something that happened in the life of an incident.

    Args:
        incident: its id, unique for all time, for example ``flight_delay-7``.
        told: what happened, in words.
        actor: who or what did it.
        facts: finite numbers, strings, lists and mappings only.
        happened_at: by the clock of the model.
    """

    incident: str
    kind: IncidentEventKind
    told: str
    actor: str
    facts: dict[str, Any] = Field(default={})
    happened_at: datetime


class IncidentEvent(NewIncidentEvent):
    """A written event.

    Args:
        row_format: in which the row was written, and with it what is nested in its facts.
    """

    id: int
    model: str
    previous_hash: str
    hash: str
    row_format: int = 0


class ChainFault(Record):
    """The first row that does not fit its chain."""

    table: str
    row: str
    problem: str
