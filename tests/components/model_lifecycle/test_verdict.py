"""The top of a page says what its checks say together."""

from typing import Any

from mlops_platform.components.model_lifecycle.window.verdict import verdict_of
from mlops_platform.monitoring.alarms.alarm import Alarm


def _alarm(check: str, **changes: Any) -> Alarm:
    plain: dict[str, Any] = {
        "check": check,
        "passed": True,
        "severity": "warn",
        "value": 0.1,
        "warn": 0.2,
        "error": None,
        "reason": f"{check} was looked at",
    }
    return Alarm.model_validate(plain | changes)


def test_what_failed_worst_is_the_verdict_and_all_that_failed_the_reason() -> None:
    warned, wrong = _alarm("volume", passed=False), _alarm("loss", passed=False, severity="error")
    assert verdict_of([_alarm("drift"), warned])["verdict"] == "warn"
    assert verdict_of([warned, wrong, _alarm("drift")]) == {
        "verdict": "error",
        "reason": "volume: volume was looked at; loss: loss was looked at",
    }


def test_a_window_that_passes_says_what_could_not_be_judged() -> None:
    unjudged = _alarm("loss", conclusive=False)
    assert verdict_of([_alarm("drift"), unjudged]) == {
        "verdict": "passed",
        "reason": "1 of 2 checks pass; not judged: loss",
    }
    assert verdict_of([_alarm("drift")])["reason"] == "1 of 1 checks pass"


def test_where_nothing_can_be_judged_nothing_has_passed() -> None:
    unjudged = _alarm("loss", conclusive=False)
    assert verdict_of([unjudged]) == {
        "verdict": "not judged yet",
        "reason": "loss was looked at",
    }
    assert verdict_of([])["verdict"] == "not judged yet"
