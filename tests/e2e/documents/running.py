"""Commands of a document, run in its order where a reader would run them."""

import re
import signal
import subprocess
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field

from tests.documents.blocks import Shown
from tests.documents.not_run import NOT_RUN
from tests.e2e.conftest import DEADLINE_SECONDS, Deployment, Service
from tests.ports import free_port
from tests.preloaded.scripts import with_preloaded

SERVES = re.compile(r"^mlops serve \S+")
EXPORTS = re.compile(r"^export (\w+)=(\S+)$")
MAY_FAIL = ("mlops doctor",)
"""It ends with 1 where something is to be told."""


@dataclass
class Reader:
    """Somebody who types what a page shows.

    Args:
        deployment: where it is typed.
        stands_for: what is typed instead of a part of a command: other days, ports and folders.
    """

    deployment: Deployment
    stands_for: Mapping[str, str]
    environment: dict[str, str] = field(default_factory=dict)
    typed: set[str] = field(default_factory=set)
    said: dict[str, str] = field(default_factory=dict)
    """What each command printed, by its words as they are shown."""

    def read(self, page: Sequence[Shown]) -> None:
        """Run all commands of a page; what serves is stopped at its end.

        Raises:
            AssertionError: a command fails.
        """
        port = free_port()
        with ExitStack() as services:
            for shown in page:
                if shown.plain in self.typed or shown.plain in NOT_RUN:
                    continue
                self.typed.add(shown.plain)
                command = self._here(shown).replace("localhost:3001", f"localhost:{port}")
                if exported := EXPORTS.match(shown.plain):
                    self.environment[exported[1]] = self._replaced(exported[2])
                elif SERVES.match(command):
                    services.enter_context(self._serving(command, Service(port)))
                else:
                    self._run(shown, command)

    def _here(self, shown: Shown) -> str:
        return self._replaced(shown.text.replace(".venv/bin/", ""))

    def _replaced(self, text: str) -> str:
        for written, typed in self.stands_for.items():
            text = text.replace(written, typed)
        return text

    def _run(self, shown: Shown, command: str) -> None:
        with self._started(command, **with_preloaded(self.deployment.environment)) as process:
            output, _ = process.communicate(timeout=540)
        allowed = (0, 1) if shown.plain in MAY_FAIL else (0,)
        place = f"{shown.page}, line {shown.line}: {command}"
        assert process.returncode in allowed, f"{place}\n{output[-4000:]}"
        assert "Traceback" not in output, f"{place}\n{output[-4000:]}"
        self.said[shown.plain.removeprefix(".venv/bin/")] = output

    @contextmanager
    def _serving(self, command: str, service: Service) -> Iterator[None]:
        whole = command.partition("#")[0]
        with self._started(f"exec {whole} --port {service.port}") as process:
            try:
                deadline = time.monotonic() + DEADLINE_SECONDS
                while not service.is_ready():
                    assert process.poll() is None, process.communicate()[0]
                    assert time.monotonic() < deadline
                    time.sleep(0.1)
                yield
            finally:
                process.send_signal(signal.SIGINT)
                process.communicate(timeout=60)

    def _started(self, command: str, **environment: str) -> subprocess.Popen[str]:
        return self.deployment.start("sh", "-ec", command, **environment, **self.environment)
