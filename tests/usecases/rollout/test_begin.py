"""A trial in the ledger: how it begins, what follows it, and the ways in which it ends."""

from typing import TYPE_CHECKING

import pytest

from mlops_platform.errors import ArtifactError, LedgerError, ReleaseConflict
from mlops_platform.ledger.challenger import (
    Challenger,
    first_champion_advice,
    standing_challenger,
)
from mlops_platform.ledger.challenger_pointer import read_challenger_pointer
from mlops_platform.ledger.pointer import read_pointer
from mlops_platform.ledger.records import BentoIdentity, NewDecision, Release, VersionIdentity
from mlops_platform.spec import ReleaseSpec
from mlops_platform.usecases.release.bento import record_bento
from mlops_platform.usecases.release.reconcile import projection_faults, reconcile
from mlops_platform.usecases.rollout.begin import release_or_challenge
from mlops_platform.usecases.rollout.end import (
    abort_challenger,
    promote_challenger,
    require_challenger,
)
from mlops_platform.usecases.version.deployed import DeployedVersion
from tests.registry.fetched import fetched_version

if TYPE_CHECKING:
    from tests.usecases.conftest import Lifecycle

SHADOW, CANARY = ReleaseSpec(mode="shadow"), ReleaseSpec(mode="canary", canary_share=0.2)
MANUAL = ReleaseSpec(mode="manual")
PROMOTION = NewDecision(kind="promote", reason="better", actor="gate", evidence={"mlflow_run": "r"})


def _release_or_challenge(
    lifecycle: "Lifecycle",
    identity: VersionIdentity,
    release: ReleaseSpec = SHADOW,
    expected: int | None = 1,
) -> DeployedVersion:
    promotion = lifecycle.promotion(identity, expected, PROMOTION)
    return release_or_challenge(lifecycle.deployment, promotion, release)


def _packaged(lifecycle: "Lifecycle", standing: DeployedVersion) -> Challenger:
    bento = BentoIdentity(tag=f"flights:v{standing.version}")
    record_bento(lifecycle.ledger, standing, bento, "bento")
    reconcile(*lifecycle.scope)
    return require_challenger(lifecycle.ledger, lifecycle.model)


def _promote(lifecycle: "Lifecycle", challenger: Challenger) -> Release:
    return promote_challenger(lifecycle.deployment, challenger, reason="not worse", actor="rollout")


def _abort(lifecycle: "Lifecycle", challenger: Challenger) -> None:
    abort_challenger(lifecycle.deployment, challenger, reason="worse", actor="rollout")


@pytest.fixture
def serving(lifecycle: "Lifecycle") -> "Lifecycle":
    """Version 1 serves as release 1."""
    lifecycle.promote(lifecycle.register())
    return lifecycle


def _assert_nothing_on_trial(lifecycle: "Lifecycle") -> None:
    assert standing_challenger(lifecycle.ledger, lifecycle.model) is None
    assert lifecycle.registry.alias_version(lifecycle.model, "challenger") is None
    assert not lifecycle.challenger_pointer.exists()
    assert projection_faults(*lifecycle.scope) == []
    assert lifecycle.ledger.verify_chain(lifecycle.model) is None


@pytest.mark.parametrize(("release", "share"), [(SHADOW, 0.0), (CANARY, 0.2)])
def test_what_passed_the_gate_stands_beside_the_champion(
    serving: "Lifecycle", release: ReleaseSpec, share: float
) -> None:
    standing = _release_or_challenge(serving, serving.register(), release)
    assert (standing.role, standing.version, standing.sequence) == ("challenger", 2, 2)
    assert serving.ledger.current_release(serving.model).version == 1
    assert serving.registry.alias_version(serving.model, "champion") == 1
    assert serving.registry.alias_version(serving.model, "challenger") == 2
    pointer = read_challenger_pointer(serving.challenger_pointer)
    assert (pointer.mode, pointer.share, pointer.version) == (release.mode, share, 2)
    assert (pointer.sequence, pointer.challenge) == (2, standing.decision_id)
    assert pointer.bento_tag is None
    decision = serving.ledger.decisions(serving.model)[0]
    assert decision.kind == "challenge"
    assert decision.reason == f"better It is first tried in {release.mode} beside the champion."
    assert decision.evidence["mlflow_run"] == "r"


def test_the_first_champion_is_released_at_once(lifecycle: "Lifecycle") -> None:
    standing = _release_or_challenge(lifecycle, lifecycle.register(), expected=None)
    assert (standing.role, standing.sequence) == ("champion", 1)
    _assert_nothing_on_trial(lifecycle)


def test_a_direct_model_is_released_at_once(serving: "Lifecycle") -> None:
    standing = _release_or_challenge(serving, serving.register(), ReleaseSpec(mode="direct"))
    assert (standing.role, standing.sequence) == ("champion", 2)


def test_a_promoted_challenger_takes_its_bento_along(serving: "Lifecycle") -> None:
    challenger = _packaged(serving, _release_or_challenge(serving, serving.register()))
    assert read_challenger_pointer(serving.challenger_pointer).bento_tag == "flights:v2"
    release = _promote(serving, challenger)
    assert (release.version, release.sequence) == (2, challenger.sequence)
    assert release.bento_tag == read_pointer(serving.pointer).bento_tag == "flights:v2"
    assert serving.registry.alias_version(serving.model, "champion") == 2
    _assert_nothing_on_trial(serving)
    assert serving.roll_back().version == 1


def test_an_aborted_challenger_leaves_the_champion_alone(serving: "Lifecycle") -> None:
    before = serving.pointer.read_bytes()
    _abort(serving, _packaged(serving, _release_or_challenge(serving, serving.register())))
    assert serving.pointer.read_bytes() == before
    _assert_nothing_on_trial(serving)


def test_without_a_bento_it_was_never_tried_and_is_not_promoted(serving: "Lifecycle") -> None:
    _release_or_challenge(serving, serving.register())
    with pytest.raises(LedgerError, match="has no Bento"):
        _promote(serving, require_challenger(serving.ledger, serving.model))


def test_letting_it_through_again_and_packaging_again_changes_nothing(
    serving: "Lifecycle",
) -> None:
    identity = serving.register()
    first = _release_or_challenge(serving, identity)
    _packaged(serving, first)
    decisions = serving.ledger.decisions(serving.model)
    again = _release_or_challenge(serving, identity)
    assert again == first.model_copy(update={"bento_tag": "flights:v2"})
    _packaged(serving, again)
    assert serving.ledger.decisions(serving.model) == decisions


def test_a_version_has_one_trial(serving: "Lifecycle") -> None:
    identity = serving.register()
    _abort(serving, _packaged(serving, _release_or_challenge(serving, identity)))
    with pytest.raises(LedgerError, match="was on trial before"):
        _release_or_challenge(serving, identity)
    _assert_nothing_on_trial(serving)


def test_a_newer_challenger_takes_the_place_of_the_older(serving: "Lifecycle") -> None:
    older = _packaged(serving, _release_or_challenge(serving, serving.register()))
    _release_or_challenge(serving, serving.register())
    newer = require_challenger(serving.ledger, serving.model)
    assert (newer.version, newer.bento_tag) == (3, None)
    assert serving.registry.alias_version(serving.model, "challenger") == 3
    assert serving.ledger.decisions(serving.model)[0].evidence["replaces_version"] == 2
    with pytest.raises(ReleaseConflict, match="nothing was written"):
        _promote(serving, older)
    with pytest.raises(ReleaseConflict, match="nothing was written"):
        _abort(serving, older)
    assert require_challenger(serving.ledger, serving.model) == newer


def test_a_person_who_rejects_wins_over_a_verdict_that_comes_later(serving: "Lifecycle") -> None:
    challenger = _packaged(serving, _release_or_challenge(serving, serving.register()))
    _abort(serving, challenger)
    with pytest.raises(ReleaseConflict, match="nothing was written"):
        _promote(serving, challenger)
    assert serving.ledger.current_release(serving.model).version == 1


def test_a_roll_back_ends_the_trial(serving: "Lifecycle") -> None:
    serving.promote(serving.register())
    _release_or_challenge(serving, serving.register(), expected=2)
    serving.roll_back()
    reconcile(*serving.scope)
    _assert_nothing_on_trial(serving)


def test_judged_against_another_champion_it_does_not_stand(serving: "Lifecycle") -> None:
    identity = serving.register()
    serving.promote(serving.register())
    with pytest.raises(ReleaseConflict, match="not at release 1 any more"):
        _release_or_challenge(serving, identity)
    _assert_nothing_on_trial(serving)


def test_a_version_whose_files_changed_is_not_tried(serving: "Lifecycle") -> None:
    identity = serving.register()
    fetched = fetched_version(serving.registry, serving.model, identity.version)
    (fetched.directory / "requirements.txt").write_text("evil==1\n")
    with pytest.raises(ArtifactError, match="SHA-256"):
        _release_or_challenge(serving, identity)
    _assert_nothing_on_trial(serving)


@pytest.mark.parametrize("damage", ["alias", "edited", "removed", "unreadable"])
def test_what_follows_the_challenger_is_repaired(serving: "Lifecycle", damage: str) -> None:
    _packaged(serving, _release_or_challenge(serving, serving.register()))
    path = serving.challenger_pointer
    healthy = path.read_text()
    if damage == "alias":
        serving.registry.set_alias(serving.model, "challenger", 1)
    elif damage == "removed":
        path.unlink()
    else:
        path.write_text("{" if damage == "unreadable" else healthy.replace("shadow", "canary"))
    [fault] = reconcile(*serving.scope)
    assert fault.role == "challenger"
    assert fault.projection == ("alias" if damage == "alias" else "pointer")
    assert path.read_text() == healthy
    assert projection_faults(*serving.scope) == []


def test_there_is_nothing_to_approve_without_a_challenger(serving: "Lifecycle") -> None:
    with pytest.raises(LedgerError, match="has no challenger"):
        require_challenger(serving.ledger, serving.model)


@pytest.mark.parametrize("has_champion", [False, True])
def test_what_a_person_must_approve_waits_and_no_service_is_told(
    lifecycle: "Lifecycle", has_champion: bool
) -> None:
    if has_champion:
        lifecycle.promote(lifecycle.register())
    expected = 1 if has_champion else None
    standing = _release_or_challenge(lifecycle, lifecycle.register(), MANUAL, expected)
    assert standing.role == "challenger"
    champion = lifecycle.ledger.current_release(lifecycle.model)
    assert (champion is not None) == has_champion
    assert not lifecycle.challenger_pointer.exists()
    assert projection_faults(*lifecycle.scope) == []
    reason = lifecycle.ledger.decisions(lifecycle.model)[0].reason
    assert reason == "better It waits for a person: `mlops approve`."
    challenger = _packaged(lifecycle, standing)
    assert f"version {standing.version}, waiting for `mlops approve` since" in challenger.told
    release = _promote(lifecycle, challenger)
    assert (release.version, release.sequence) == (standing.version, standing.sequence)
    assert release.bento_tag == read_pointer(lifecycle.pointer).bento_tag
    _assert_nothing_on_trial(lifecycle)


def test_a_newer_version_takes_the_place_of_the_first_that_waits(lifecycle: "Lifecycle") -> None:
    first = _release_or_challenge(lifecycle, lifecycle.register(), MANUAL, None)
    older = _packaged(lifecycle, first)
    newer = _packaged(
        lifecycle, _release_or_challenge(lifecycle, lifecycle.register(), MANUAL, None)
    )
    with pytest.raises(ReleaseConflict, match="nothing was written"):
        _promote(lifecycle, older)
    assert _promote(lifecycle, newer).version == 2


def test_a_first_version_that_a_person_rejects_is_not_offered_again(
    lifecycle: "Lifecycle",
) -> None:
    identity = lifecycle.register()
    _abort(
        lifecycle, _packaged(lifecycle, _release_or_challenge(lifecycle, identity, MANUAL, None))
    )
    assert lifecycle.ledger.current_release(lifecycle.model) is None
    assert "call `mlops train" in first_champion_advice(lifecycle.ledger, lifecycle.model)
    with pytest.raises(LedgerError, match="was on trial before"):
        _release_or_challenge(lifecycle, identity, MANUAL, None)


def test_what_waits_is_named_where_a_champion_is_asked_for(lifecycle: "Lifecycle") -> None:
    _release_or_challenge(lifecycle, lifecycle.register(), MANUAL, None)
    advice = first_champion_advice(lifecycle.ledger, lifecycle.model)
    assert "version 1, waiting for `mlops approve` since" in advice
    assert f"`mlops approve {lifecycle.model}` releases it" in advice
