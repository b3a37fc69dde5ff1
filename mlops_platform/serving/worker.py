"""The state of one process that serves: what it serves, and what it writes."""

from __future__ import annotations

import logging
import os
import socket
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta

from mlops_platform.serving.authentication import Authentication
from mlops_platform.serving.contents import Contents
from mlops_platform.serving.following.follower import Follower
from mlops_platform.serving.online.store import OnlineStore
from mlops_platform.serving.roles import Roles
from mlops_platform.serving.runtime import RuntimeSettings
from mlops_platform.serving.shadow import Shadow
from mlops_platform.serving.watching.metrics import ServiceMetrics
from mlops_platform.serving.watching.objectives import Objectives
from mlops_platform.serving.watching.prediction_log import PredictionLog
from mlops_platform.serving.watching.tracing import Tracing, open_tracing

THREADS = 2
"""For batches and explanations, so that single rows are answered meanwhile."""

logger = logging.getLogger("mlops_platform.serving")


class Worker:
    """One worker: made where the service is defined, started only in a process that serves.

    Attributes:
        contents: what the Bento holds.
        name: no other process has it, on any machine.
        roles: what answers, replaced as a whole; None until something is loaded.
        problem: why the worker is not ready; None where it is.
        log: None where predictions are not logged.
        store: None where the model declares no online store, or the environment names none.
        tracing: None where no traces are made.
    """

    metrics: ServiceMetrics
    authentication: Authentication
    objectives: Objectives
    threads: ThreadPoolExecutor
    shadow: Shadow
    follower: Follower

    def __init__(self, contents: Contents, runtime: RuntimeSettings) -> None:
        self.contents, self.runtime = contents, runtime
        self.name = f"{socket.gethostname()[:40]}-{os.getpid()}-{os.urandom(3).hex()}"
        self.roles: Roles | None = None
        self.problem: str | None = "the model is not loaded yet"
        self.log: PredictionLog | None = None
        self.store: OnlineStore | None = None
        self.tracing: Tracing | None = None

    def start(self) -> None:
        """Open what this process writes to, then load and serve what the pointers say.

        Raises:
            ArtifactError: a file of the model was changed, or cannot be loaded here.
            ServingError: it answers otherwise than offline, or a setting cannot be used.
        """
        features, serving = self.contents.features, self.contents.release.serving
        self.authentication = Authentication(self.runtime)
        self.metrics = ServiceMetrics(features.model, (*features.names, features.entity), self.name)
        if self.runtime.log is not None:
            self.log = PredictionLog(
                self.runtime.log, serving.log, self.name, entity=features.entity
            )
        if serving.online_store is not None and self.runtime.online_store is not None:
            stale_after = timedelta(minutes=serving.online_store.stale_after_minutes)
            self.store = OnlineStore.open(self.runtime.online_store, features, stale_after)
        if self.runtime.traces is not None:
            self.tracing = open_tracing(features.model, self.runtime.traces)
        self.objectives = Objectives(self.runtime.log, self.name, features.model)
        self.threads = ThreadPoolExecutor(THREADS, thread_name_prefix="batch")
        self.shadow = Shadow(self.metrics, self.log, self.objectives)
        self.follower = Follower(
            self, self.contents, self.runtime, self.name, self.metrics.load_failures.inc
        )
        self.follower.start()

    @property
    def is_draining(self) -> bool:
        """Whether the service is about to stop: whoever stops it has made its `drain_file`."""
        return self.runtime.drain_file is not None and self.runtime.drain_file.exists()

    def install(self, roles: Roles) -> None:
        """Answer every request that comes in from now on with these versions."""
        self.roles, self.problem = roles, None
        champion, challenger = roles.champion, roles.challenger
        self.metrics.serves("champion", champion.release.sequence, champion.stated_adjustment)
        if challenger is None:
            self.metrics.serves("challenger", 0)
        else:
            sequence, adjustment = challenger.release.sequence, challenger.stated_adjustment
            self.metrics.serves("challenger", sequence, adjustment)

    def stop(self) -> None:
        """Close what is open; requests have been answered before."""
        self.follower.stop()
        self.threads.shutdown(cancel_futures=True)
        self.shadow.close()
        self.objectives.close()
        if self.log is not None:
            self.log.close()
        if self.store is not None:
            self.store.close()
        if self.tracing is not None:
            self.tracing.close()
