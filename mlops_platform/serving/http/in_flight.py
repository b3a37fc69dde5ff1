"""The requests that a worker is answering: how many at once, and for how long each."""

from __future__ import annotations

import asyncio
import time
from typing import Any

from mlops_platform.serving.http.problems import TOO_MANY, Problem

Task = asyncio.Task[Any]

LOOKS = 20
"""Times per allowed duration that the worker looks for requests that take longer."""


class InFlight:
    """Bounds how many requests are in flight, and cancels those that take too long.

    One timer looks after all of them: `asyncio.timeout` for each costs as much as scoring it.

    Args:
        most: requests at once; more are refused.
        seconds: a request that takes longer is cancelled, at most a twentieth of it later.
    """

    def __init__(self, most: int, seconds: float) -> None:
        self._most, self._seconds = most, seconds
        self._began: dict[Task, float] = {}
        self._overdue: set[Task] = set()
        self._looking = False

    @property
    def is_full(self) -> bool:
        """Whether a further request is refused."""
        return len(self._began) >= self._most

    def enter(self) -> Task:
        """Begin a request in the present task.

        Raises:
            Problem: too many are in flight.
        """
        if self.is_full:
            detail = f"{self._most} are in flight already (`max_concurrency`); try again."
            raise Problem(TOO_MANY, detail, headers={"Retry-After": "1"})
        task = asyncio.current_task()
        assert task is not None, "ASGI servers run each request in a task"
        self._began[task] = time.monotonic()
        if not self._looking:
            self._look_later()
        return task

    def leave(self, task: Task) -> None:
        """End a request."""
        del self._began[task]

    def was_overdue(self, task: Task) -> bool:
        """Whether a cancellation came from here; asked once, it is taken back."""
        if task not in self._overdue:
            return False
        self._overdue.remove(task)
        task.uncancel()
        return True

    def _look_later(self) -> None:
        self._looking = True
        asyncio.get_running_loop().call_later(self._seconds / LOOKS, self._look)

    def _look(self) -> None:
        oldest = time.monotonic() - self._seconds
        for task, began in self._began.items():
            if began > oldest:
                break  # they stand in the order in which they began
            if task not in self._overdue:
                self._overdue.add(task)
                task.cancel()
        self._looking = False
        if self._began:
            self._look_later()
