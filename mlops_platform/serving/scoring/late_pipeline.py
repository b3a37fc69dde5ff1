"""A pipeline that nobody has needed yet: scikit-learn and pandas come with it."""

from __future__ import annotations

import gc
import math
import time
from collections.abc import Callable
from threading import Lock, Thread
from typing import Any

RETRY_SECONDS = 60.0
"""Between two attempts at a pipeline that cannot be loaded."""


class LatePipeline:
    """Loads a pipeline when it is first asked for: once, on a thread of its own.

    Nobody waits for it: until it is there, and where it cannot be had, the compiled model answers.

    Args:
        load: loads it, and proves that it answers what was judged.
        failed: told each time why it cannot be had.
    """

    def __init__(self, load: Callable[[], Any], failed: Callable[[Exception], None]) -> None:
        self._load, self._failed = load, failed
        self._asking, self._loading = Lock(), Lock()
        self._begin_at = -math.inf
        self._model: Any = None

    def get(self) -> Any | None:
        """The pipeline; None where it is not there, which begins to load it if it is time to."""
        model = self._model
        if model is None:
            with self._asking:
                if time.monotonic() >= self._begin_at:
                    self._begin_at = math.inf
                    Thread(target=self._load_aside, name="pipeline", daemon=True).start()
        return model

    def require(self) -> Any:
        """The pipeline, waited for.

        Raises:
            ArtifactError: a file was changed, or cannot be loaded here.
            ServingError: a golden row is answered otherwise.
        """
        with self._loading:
            if self._model is None:
                self._model = self._load()
            return self._model

    def _load_aside(self) -> None:
        try:
            self.require()
        except Exception as error:
            # Of any kind: code that loads a broken file may raise anything.
            self._failed(error)
            self._begin_at = time.monotonic() + RETRY_SECONDS
            return
        # Unfrozen, scikit-learn would be looked through by every full collection.
        gc.collect()
        gc.freeze()
