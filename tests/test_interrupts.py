"""Ctrl-C, where libraries make something else of it."""

import os
import signal
import time
from collections.abc import Callable, Iterator

import pytest

from mlops_platform.interrupts import heeded_interrupts


@pytest.fixture(autouse=True)
def _heard() -> Iterator[None]:
    """A shell that starts the suite in the background has it ignore Ctrl-C."""
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    yield
    signal.signal(signal.SIGINT, before)


def _press() -> None:
    os.kill(os.getpid(), signal.SIGINT)
    time.sleep(1)


class PressedWhenItGoes:
    def __del__(self) -> None:
        _press()


def _swallowed() -> None:
    try:
        _press()
    except KeyboardInterrupt:
        return


def _made_a_failure_of() -> None:
    try:
        _press()
    except KeyboardInterrupt as error:
        raise RuntimeError("Query interrupted") from error


def _lost_in_a_destructor() -> None:
    PressedWhenItGoes()
    time.sleep(60)


@pytest.mark.parametrize("work", [_press, _swallowed, _made_a_failure_of, _lost_in_a_destructor])
def test_ctrl_c_ends_what_runs_with_keyboard_interrupt(
    work: Callable[[], None], capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(KeyboardInterrupt), heeded_interrupts():
        work()
    assert capsys.readouterr() == ("", "")


class LeavesWhenItGoes:
    def __del__(self) -> None:
        raise SystemExit(0)


def test_a_lost_ctrl_c_is_sent_again_while_somebody_waits_for_it_only() -> None:
    with pytest.raises(KeyboardInterrupt), heeded_interrupts():
        PressedWhenItGoes()
    time.sleep(0.3)


@pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning")
def test_what_else_a_destructor_raises_is_no_ctrl_c(capsys: pytest.CaptureFixture[str]) -> None:
    with heeded_interrupts():
        LeavesWhenItGoes()
    time.sleep(0.3)
    assert "SystemExit" in capsys.readouterr().err


def test_ctrl_c_behind_many_other_signals_is_heard() -> None:
    before = signal.signal(signal.SIGUSR1, lambda *_: None)
    try:
        with pytest.raises(KeyboardInterrupt), heeded_interrupts():
            for _ in range(5000):
                os.kill(os.getpid(), signal.SIGUSR1)
            _swallowed()
    finally:
        signal.signal(signal.SIGUSR1, before)


def test_without_ctrl_c_nothing_changes() -> None:
    with heeded_interrupts(), heeded_interrupts():
        pass
    with pytest.raises(ValueError, match="no bread"), heeded_interrupts():
        raise ValueError("no bread")


def test_an_interrupt_is_heard_by_those_around_too() -> None:
    with pytest.raises(KeyboardInterrupt), heeded_interrupts(), heeded_interrupts():
        _press()
