"""How the process of a command begins, and how it ends."""

import atexit
import os
import sys
from typing import NoReturn


class Leaving:
    """The end of a process once its threads have ended and all that was registered since is done.

    To take thousands of modules apart, which the interpreter does last, took a fifth of the CPU
    time of a command that watches a window. Nothing is left to it: what must be closed or deleted
    is by whoever opened it, or registered.
    """

    code: int | str | None = None

    def register(self) -> None:
        """Before anything else is, to be called after it."""
        atexit.register(self._leave)

    def _leave(self) -> None:
        """Only with a code that is a number, and all output written: the interpreter tells else."""
        if not isinstance(self.code, int):
            return
        try:
            for stream in filter(None, (sys.stdout, sys.stderr)):
                stream.flush()
        except (OSError, ValueError):
            return
        os._exit(self.code)


def run() -> NoReturn:
    """What the script `mlops` calls."""
    leaving = Leaving()
    leaving.register()
    from mlops_platform.cli import main

    try:
        main()
    except SystemExit as ended:
        leaving.code = 0 if ended.code is None else ended.code
        raise
    raise AssertionError("a command of click ends with SystemExit")


if __name__ == "__main__":
    run()
