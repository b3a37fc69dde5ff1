"""A freeze or a retirement holds in the moment of writing, however late it comes."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from typing import TYPE_CHECKING

import pytest

from mlops_platform.errors import HeldError
from mlops_platform.ledger.records import Decision
from mlops_platform.registry.registry import FetchedVersion, Registry
from mlops_platform.spec import ReleaseSpec
from mlops_platform.usecases.ledger.freeze import freeze, unfreeze
from mlops_platform.usecases.ledger.retirement import record_retirement
from mlops_platform.usecases.release.release import Promotion
from mlops_platform.usecases.rollout.begin import release_or_challenge

if TYPE_CHECKING:
    from tests.usecases.conftest import Lifecycle

MODES = pytest.mark.parametrize("mode", ["direct", "shadow", "canary", "manual"])


def _release(lifecycle: "Lifecycle", promotion: Promotion, mode: str) -> None:
    release = ReleaseSpec.model_validate({"mode": mode})
    release_or_challenge(lifecycle.deployment, promotion, release)


@pytest.fixture
def passed(lifecycle: "Lifecycle") -> Promotion:
    """Version 2 has passed the gate against release 1; a sensor started its training."""
    lifecycle.promote(lifecycle.register())
    return replace(lifecycle.promotion(lifecycle.register(), 1), automatic=True)


@pytest.mark.fault(
    "a model is frozen between the gate and its automatic release",
    "nothing is released, in every mode, until it is unfrozen",
)
@MODES
def test_a_freeze_between_gate_and_release_holds_an_automatic_one(
    lifecycle: "Lifecycle", passed: Promotion, mode: str, observe: Callable[[str], None]
) -> None:
    frozen = freeze(lifecycle.ledger, lifecycle.model, "runway works", "alice")
    with pytest.raises(HeldError, match=r"frozen by alice since .*: runway works"):
        _release(lifecycle, passed, mode)
    assert lifecycle.ledger.decisions(lifecycle.model, limit=1) == [frozen]
    unfreeze(lifecycle.ledger, lifecycle.model, "done", "alice")
    _release(lifecycle, passed, mode)
    observe("`... frozen by alice since ...: runway works`")


@MODES
def test_a_person_who_trains_releases_what_is_frozen(
    lifecycle: "Lifecycle", passed: Promotion, mode: str
) -> None:
    freeze(lifecycle.ledger, lifecycle.model, "runway works", "alice")
    _release(lifecycle, replace(passed, automatic=False), mode)


@pytest.mark.fault(
    "a model is frozen or retired in the moment in which its release is written",
    "nothing is released, in every mode",
)
@MODES
@pytest.mark.parametrize("switch", [freeze, record_retirement])
def test_a_switch_in_the_moment_of_writing_holds(
    lifecycle: "Lifecycle",
    passed: Promotion,
    mode: str,
    switch: Callable[..., Decision],
    observe: Callable[[str], None],
) -> None:
    class SwitchingRegistry(Registry):
        """Files are verified after the first look at the switches, and before the transaction."""

        @contextmanager
        def fetched_version(self, model: str, version: int) -> Iterator[FetchedVersion]:
            with super().fetched_version(model, version) as fetched:
                yield fetched
            switch(lifecycle.ledger, model, "runway works", "alice")

    late = replace(lifecycle, deployment=lifecycle.with_registry(SwitchingRegistry))
    with pytest.raises(HeldError, match="by alice since"):
        _release(late, passed, mode)
    kinds = [decision.kind for decision in lifecycle.ledger.decisions(lifecycle.model)]
    assert kinds == ["freeze" if switch is freeze else "retire", "promote"]
    observe("`... by alice since ...`; the ledger ends with the freeze or the retirement")
