"""Clients that ask a service for as long as a test is within them."""

import threading
from abc import ABC, abstractmethod
from typing import Self

PAUSE_SECONDS = 0.03
"""Between two requests of a client: what is tested is that none fails, not how many there are."""


class AskingClients(ABC):
    """Threads that ask until the block ends; a dataclass below it says whom, what and how often."""

    clients: int

    def __post_init__(self) -> None:
        self._end = threading.Event()
        self._threads = [
            threading.Thread(target=self._ask, args=(number,)) for number in range(self.clients)
        ]

    def __enter__(self) -> Self:
        for thread in self._threads:
            thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._end.set()
        for thread in self._threads:
            thread.join()

    @abstractmethod
    def _ask(self, number: int) -> None:
        """Ask one request after the other until `_end` is set.

        Args:
            number: of this client, from 0.
        """
