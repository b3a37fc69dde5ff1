"""Says what following did: in the log, to the metrics, and as events for the platform's ledger."""

from __future__ import annotations

import logging
from collections.abc import Callable

from mlops_platform.serving.following.pointers import Pointer
from mlops_platform.serving.roles import Roles
from mlops_platform.serving.served_version import ServedVersion
from mlops_platform.serving.watching.service_events import (
    EventFile,
    EventName,
    FollowedRole,
    ServiceEvent,
    utc_now,
)

logger = logging.getLogger("mlops_platform.serving")


class FollowingReport:
    """What one worker says about the versions that it takes over or refuses.

    Args:
        worker: the worker's name.
        count_refusal: called at every attempt that fails, the repeated ones included.
    """

    def __init__(
        self, events: EventFile, worker: str, model: str, count_refusal: Callable[[], None]
    ) -> None:
        self._events, self._worker, self._model = events, worker, model
        self._count_refusal = count_refusal
        self._reported: set[tuple[FollowedRole, str]] = set()

    def waits(self, role: FollowedRole, pointer: Pointer) -> None:
        """A version was released whose Bento is still being built; said once."""
        line = f"version {pointer.version}, release {pointer.sequence}, has no Bento yet"
        if self._first_time(role, line):
            logger.warning("%s: %s; what serves goes on serving", role, line)

    def refused(self, role: FollowedRole, version: str, sequence: int, error: Exception) -> None:
        """A version cannot be taken over; said once per release and reason."""
        self._count_refusal()
        if self._first_time(role, f"{sequence}: {error}"):
            logger.error("%s: version %s is refused: %s", role, version, error)
            self._write("refused", role, version, sequence, str(error))

    def installed(self, before: Roles | None, roles: Roles, how: str) -> None:
        """Other versions answer from now on."""
        if before is None or before.champion is not roles.champion:
            event: EventName = "started" if before is None else "swapped"
            self._say(event, "champion", roles.champion, _adjusted(roles.champion, how))
        present = None if before is None else before.challenger
        if roles.challenger is not None:
            share = f"answers {roles.canary_share:g} of the entities"
            if before is None or present is None:
                self._say("started", "challenger", roles.challenger, share)
            elif present is not roles.challenger or before.canary_share != roles.canary_share:
                self._say("swapped", "challenger", roles.challenger, share)
        elif present is not None:
            self._say("stopped", "challenger", present, "it is no challenger any more")

    def stopped(self, roles: Roles | None) -> None:
        """The worker ends in an orderly way."""
        if roles is not None:
            self._say("stopped", "champion", roles.champion, "the worker ends")

    def _first_time(self, role: FollowedRole, line: str) -> bool:
        before = len(self._reported)
        self._reported.add((role, line))
        return len(self._reported) > before

    def _say(
        self, event: EventName, role: FollowedRole, served: ServedVersion, detail: str
    ) -> None:
        release = served.release
        logger.info("%s %s: version %s (%s)", role, event, release.version, detail)
        self._write(event, role, release.version, release.sequence, detail)

    def _write(
        self, event: EventName, role: FollowedRole, version: str, sequence: int, detail: str
    ) -> None:
        self._events.append(
            ServiceEvent(
                time=utc_now(),
                event=event,
                worker=self._worker,
                model=self._model,
                version=version,
                sequence=sequence,
                role=role,
                detail=detail,
            )
        )


def _adjusted(served: ServedVersion, how: str) -> str:
    """How a version was installed, and under which adjustment where there may be some."""
    if served.stated_adjustment is None:
        return how
    return f"adjustment {served.stated_adjustment} of release {served.release.sequence}, {how}"
