"""What a training or a build rested on then, and rests on now."""

from __future__ import annotations

from collections.abc import Mapping

from mlops_platform.record import Record


class Difference(Record):
    """One thing that is not what it was; None where it was, or is, not there."""

    name: str
    then: str | None
    now: str | None


def differences(then: Mapping[str, str], now: Mapping[str, str]) -> tuple[Difference, ...]:
    """Where two mappings differ in what the first one names."""
    return tuple(
        Difference(name=name, then=before, now=now.get(name))
        for name, before in then.items()
        if now.get(name) != before
    )


def changed(then: Mapping[str, str], now: Mapping[str, str]) -> tuple[Difference, ...]:
    """Where two mappings differ, what only the second one names included."""
    added = now.keys() - then.keys()
    new = (Difference(name=name, then=None, now=now[name]) for name in sorted(added))
    return (*differences(then, now), *new)
