"""Follows the pointers: a worker takes over what was released, without a restart."""

from __future__ import annotations

import gc
import logging
import math
import time
from collections.abc import Callable
from pathlib import Path
from threading import Event, Thread
from typing import Protocol

from mlops_platform.errors import MlopsError, ServingError
from mlops_platform.serving.contents import Contents
from mlops_platform.serving.following.pointers import Pointer, Signature, read_pointer, signature_of
from mlops_platform.serving.following.released_version import (
    NewBentoNeeded,
    load_released,
    relabelled,
)
from mlops_platform.serving.following.report import FollowingReport
from mlops_platform.serving.following.seal import trusted
from mlops_platform.serving.roles import Roles
from mlops_platform.serving.runtime import RuntimeSettings
from mlops_platform.serving.served_version import ServedVersion, load_served_version
from mlops_platform.serving.watching.service_events import EventFile, FollowedRole

RETRY_SECONDS = 60.0
"""Between two attempts at a version that was refused while its pointer stays the same."""

logger = logging.getLogger("mlops_platform.serving")


class Follows(Protocol):
    """What following needs of a worker.

    Args:
        roles: what answers; None before the first `install`.
        problem: why the worker is not ready although it answers; None where it is.
    """

    roles: Roles | None
    problem: str | None

    def install(self, roles: Roles) -> None:
        """Answer with these from now on, and be ready."""


class Follower:
    """Keeps one worker at what the pointers say.

    A version that cannot be taken over is refused: what served before goes on serving. Where
    nothing did, the worker is not ready and says why. Looking and loading happen on a thread of its
    own, never in the event loop.

    Args:
        packed: what the worker's own Bento holds; it serves where no pointer is to be followed, or
            where that names a later version which cannot serve, if somebody vouches for it.
        name: the worker's name, unique among those that write to the same log.
        count_failure: called at every attempt to load something that fails.
    """

    def __init__(
        self,
        worker: Follows,
        packed: Contents,
        runtime: RuntimeSettings,
        name: str,
        count_failure: Callable[[], None] = lambda: None,
    ) -> None:
        self._worker, self._packed, self._runtime = worker, packed, runtime
        self._model = packed.release.model
        self._events = EventFile(runtime.log, name)
        self._report = FollowingReport(self._events, name, self._model, count_failure)
        self._count_failure = count_failure
        self._seen: tuple[Signature, Signature] | None = None
        self._retry_at = math.inf
        self._unpacked: Exception = ServingError("what is packed was not asked for yet")
        self._end = Event()
        self._thread = Thread(target=self._run, name="follower", daemon=True)

    def start(self) -> None:
        """Install what the pointers say, or what is packed where there is none; then go on looking.

        Raises:
            MlopsError: there is no pointer to wait for, and what is packed cannot serve.
        """
        self.look()
        if self._worker.roles is None and self._runtime.pointer is None:
            raise self._unpacked
        self._thread.start()

    def stop(self) -> None:
        """End the thread; it may be in the middle of loading, and dies with the process then."""
        self._end.set()
        if self._thread.is_alive():
            self._thread.join(1.0)
        self._report.stopped(self._worker.roles)

    def look(self) -> None:
        """Follow the pointers if one was replaced, or if it is time to try again."""
        self._events.touch()
        seen = signature_of(self._runtime.pointer), signature_of(self._runtime.challenger)
        if seen == self._seen and time.monotonic() < self._retry_at:
            return
        self._seen, self._retry_at = seen, math.inf
        started, present = time.perf_counter(), self._worker.roles
        champion, problem = self._champion(present)
        if champion is None:
            self._worker.problem = problem
            return
        roles = self._around(champion, present)
        if roles != present:
            self._worker.install(roles)
            self._report.installed(present, roles, f"in {time.perf_counter() - started:.2f} s")
            # Unfrozen, the new version would be looked through by every full collection.
            gc.collect()
            gc.freeze()
        self._worker.problem = problem

    def _run(self) -> None:
        while not self._end.wait(self._runtime.poll_seconds):
            try:
                self.look()
            except Exception:
                # Whatever it was, what serves goes on serving, and the next attempt may succeed.
                self._retry_at = time.monotonic() + RETRY_SECONDS
                logger.exception("following the release pointer failed")

    def _champion(self, present: Roles | None) -> tuple[ServedVersion | None, str | None]:
        """The version that is to answer, if any, and why the worker is not ready, if it is not."""
        pointer, failure = self._read("champion")
        version = None
        if present is None and pointer is None and self._runtime.pointer is not None:
            # What is packed may have been rolled back since, and only the pointer would tell.
            failure = failure or _no_pointer(self._runtime.pointer)
            return None, f"no version is verified: {failure}"
        if pointer is not None:
            version, failure = self._take_over("champion", pointer, present)
        if version is None:
            version = self._packed_version(pointer) if present is None else present.champion
        if version is None:
            return None, f"no version is verified: {failure or self._unpacked}"
        needed = isinstance(failure, NewBentoNeeded)
        return version, f"a new Bento is needed: {failure}" if needed else None

    def _packed_version(self, pointer: Pointer | None) -> ServedVersion | None:
        """The packed version, where it is not what was just refused and can be trusted.

        One that is later than the pointer's was rolled back, and does not serve either.
        """
        release = self._packed.release
        if pointer is not None and pointer.version <= int(release.version):
            return None
        try:
            return load_served_version(trusted(self._packed, self._runtime), self._count_failure)
        except Exception as error:
            # Of any kind, as in `_take_over`.
            self._unpacked = self._refuse("champion", release.version, release.sequence, error)
            return None

    def _around(self, champion: ServedVersion, present: Roles | None) -> Roles:
        """The roles with this champion; without a challenger where it cannot be had."""
        pointer, _ = self._read("challenger")
        if pointer is None or str(pointer.version) == champion.release.version:
            return Roles(champion)
        version, _ = self._take_over("challenger", pointer, present)
        return Roles(champion, version, pointer.canary_share) if version else Roles(champion)

    def _read(self, role: FollowedRole) -> tuple[Pointer | None, Exception | None]:
        path = self._runtime.pointer if role == "champion" else self._runtime.challenger
        try:
            return read_pointer(path, self._model, self._runtime.public_key), None
        except MlopsError as error:
            return None, self._refuse(role, "0", 0, error)

    def _take_over(
        self, role: FollowedRole, pointer: Pointer, present: Roles | None
    ) -> tuple[ServedVersion | None, Exception | None]:
        """The version of a pointer, which may be loaded already; None where it cannot be had."""
        try:
            loaded = _loaded(pointer, present)
            if loaded is not None:
                return relabelled(loaded, pointer), None
            if pointer.bento_tag is None and str(pointer.version) != self._packed.release.version:
                self._report.waits(role, pointer)
                return None, None
            where = self._runtime.bentos, self._runtime.public_key
            return load_released(pointer, self._packed, *where, self._count_failure), None
        except Exception as error:
            # Of any kind: code that loads a broken file may raise anything.
            return None, self._refuse(role, str(pointer.version), pointer.sequence, error)

    def _refuse(
        self, role: FollowedRole, version: str, sequence: int, error: Exception
    ) -> Exception:
        self._retry_at = time.monotonic() + RETRY_SECONDS
        self._report.refused(role, version, sequence, error)
        return error


def _no_pointer(path: Path) -> ServingError:
    return ServingError(
        f"there is no pointer at {path}, and what is packed may have been rolled back. `mlops "
        "reconcile` writes it anew from the ledger; or correct MLOPS_SERVING_POINTER, or unset it "
        "to serve what is packed."
    )


def _loaded(pointer: Pointer, present: Roles | None) -> ServedVersion | None:
    """The version of a pointer, where it answers already in some role."""
    versions = (present.champion, present.challenger) if present else ()
    wanted = str(pointer.version)
    return next(
        (version for version in versions if version and version.release.version == wanted), None
    )
