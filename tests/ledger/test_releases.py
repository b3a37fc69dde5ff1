import subprocess
import sys
from collections.abc import Callable
from datetime import UTC, datetime, timedelta, timezone

import pytest

from mlops_platform.errors import LedgerError, ReleaseConflict
from mlops_platform.ledger.ledger import Ledger
from mlops_platform.ledger.records import (
    NO_DECISION,
    STANDING_KINDS,
    BentoIdentity,
    NewDecision,
    Seen,
    VersionIdentity,
)

Identity = Callable[[int], VersionIdentity]


def test_a_release_and_its_decision_are_read_back_unchanged(
    ledger: Ledger, identity: Identity, promotion: NewDecision
) -> None:
    release = ledger.release("flights", identity(7), promotion, expected_sequence=None)
    [decision] = ledger.decisions("flights")
    assert release.sequence == 1
    assert release.model_dump(include=set(VersionIdentity.model_fields)) == identity(7).model_dump()
    assert release.decision_id == decision.id
    assert decision.model_dump(include=set(NewDecision.model_fields)) == promotion.model_dump()
    assert release.released_at == decision.made_at == datetime(2013, 5, 3, 13, tzinfo=UTC)
    assert ledger.current_release("flights") == release


def test_models_are_numbered_apart(
    ledger: Ledger, identity: Identity, promotion: NewDecision
) -> None:
    ledger.release("flights", identity(1), promotion, expected_sequence=None)
    ledger.release("taxis", identity(1), promotion, expected_sequence=None)
    second = ledger.release("flights", identity(2), promotion, expected_sequence=1)
    assert second.sequence == 2
    assert [release.version for release in ledger.releases("flights")] == [1, 2]
    assert ledger.models() == ["flights", "taxis"]
    assert ledger.current_release("trains") is None


def test_a_decision_against_an_older_champion_writes_nothing(
    ledger: Ledger, identity: Identity, promotion: NewDecision
) -> None:
    ledger.release("flights", identity(1), promotion, expected_sequence=None)
    with pytest.raises(ReleaseConflict, match=r"at release 1.*against release 0"):
        ledger.release("flights", identity(2), promotion, expected_sequence=None)
    with pytest.raises(ReleaseConflict):
        ledger.release("flights", identity(2), promotion, expected_sequence=2)
    assert len(ledger.releases("flights")) == len(ledger.decisions("flights")) == 1


def test_decisions_that_release_nothing_cannot_release_and_the_other_way_round(
    ledger: Ledger, identity: Identity, promotion: NewDecision, waiting: NewDecision
) -> None:
    with pytest.raises(LedgerError, match=r"'wait' .* releases nothing"):
        ledger.release("flights", identity(1), waiting, expected_sequence=None)
    with pytest.raises(LedgerError, match=r"'promote' .* changes what serves"):
        ledger.record_decision("flights", promotion)
    assert ledger.decisions("flights") == []


def test_decisions_are_listed_newest_first_within_the_limit(
    ledger: Ledger, waiting: NewDecision
) -> None:
    written = [ledger.record_decision("flights", waiting) for _ in range(3)]
    assert ledger.decisions("flights", limit=2) == [written[2], written[1]]


def test_without_a_limit_every_decision_is_listed(ledger: Ledger, waiting: NewDecision) -> None:
    written = [ledger.record_decision("flights", waiting) for _ in range(101)]
    assert len(ledger.decisions("flights")) == 100
    assert ledger.decisions("flights", limit=None) == written[::-1]


def test_what_served_at_a_moment(
    ledger: Ledger, identity: Identity, promotion: NewDecision
) -> None:
    first = ledger.release("flights", identity(1), promotion, expected_sequence=None)
    second = ledger.release("flights", identity(2), promotion, expected_sequence=1)
    just_before = timedelta(microseconds=1)
    assert ledger.serving_at("flights", first.released_at - just_before) is None
    assert ledger.serving_at("flights", first.released_at) == first
    assert ledger.serving_at("flights", second.released_at - just_before) == first
    assert ledger.serving_at("flights", second.released_at + timedelta(days=9)) == second


def test_moments_of_any_zone_mean_the_same(
    url: str, ledger: Ledger, identity: Identity, promotion: NewDecision
) -> None:
    noon = datetime(2013, 5, 3, 12, tzinfo=timezone(timedelta(hours=-4)))
    elsewhere = Ledger(url, moment_of=lambda model: noon)
    release = elsewhere.release("flights", identity(1), promotion, expected_sequence=None)
    assert release.released_at == noon
    assert ledger.serving_at("flights", noon) == release
    assert ledger.serving_at("flights", noon - timedelta(microseconds=1)) is None
    assert ledger.verify_chain("flights") is None


def test_moments_without_a_zone_are_refused(ledger: Ledger, waiting: NewDecision, url: str) -> None:
    bare = datetime(2013, 5, 3)  # noqa: DTZ001
    with pytest.raises(LedgerError, match="no time zone"):
        ledger.serving_at("flights", bare)
    with pytest.raises(LedgerError, match="no time zone"):
        Ledger(url, moment_of=lambda model: bare).record_decision("flights", waiting)


def test_the_latest_packaging_is_the_bento_of_a_release(
    ledger: Ledger, identity: Identity, promotion: NewDecision
) -> None:
    release = ledger.release("flights", identity(1), promotion, expected_sequence=None)
    assert release.bento_tag is None
    for tag in ("flights:a", "flights:a", "flights:b"):
        assert (
            ledger.record_packaging("flights", 1, BentoIdentity(tag=tag), "bento").bento_tag == tag
        )
    assert ledger.current_release("flights").bento_tag == "flights:b"
    with pytest.raises(LedgerError, match="has no release 2"):
        ledger.record_packaging("flights", 2, BentoIdentity(tag="flights:c"), "bento")


def test_a_release_may_bring_its_bento(
    ledger: Ledger, identity: Identity, promotion: NewDecision
) -> None:
    release = ledger.release(
        "flights",
        identity(1),
        promotion,
        expected_sequence=None,
        bento=BentoIdentity(tag="flights:a"),
    )
    assert release.bento_tag == "flights:a"
    assert ledger.verify_chain("flights") is None


@pytest.mark.parametrize("evidence", [{"loss": float("nan")}, {"at": {1, 2}}])
def test_evidence_that_json_cannot_hold_writes_nothing(
    ledger: Ledger, waiting: NewDecision, evidence: dict[str, object]
) -> None:
    with pytest.raises(LedgerError, match="cannot be written to the ledger"):
        ledger.record_decision("flights", waiting.model_copy(update={"evidence": evidence}))
    assert ledger.decisions("flights") == []


def test_a_missing_schema_is_said_without_the_password() -> None:
    with pytest.raises(LedgerError, match=r"not there yet.*run `mlops setup`"):
        Ledger("sqlite://").current_release("flights")
    with pytest.raises(LedgerError, match="Connection refused") as refused:
        Ledger("postgresql+psycopg2://user:secret@127.0.0.1:1/ledger").create_schema()
    assert "secret" not in str(refused.value)


@pytest.mark.parametrize("url", ["no url", "mysql://user:secret@host/ledger"])
def test_a_url_of_another_database_is_refused_without_showing_it(url: str) -> None:
    with pytest.raises(LedgerError, match="neither SQLite nor Postgres") as refused:
        Ledger(url)
    assert "secret" not in str(refused.value)


_CONTEND = """
import sys
import time
from mlops_platform.errors import ReleaseConflict
from mlops_platform.ledger.ledger import Ledger
from mlops_platform.ledger.records import (
    NO_DECISION,
    STANDING_KINDS,
    NewDecision,
    Seen,
    VersionIdentity,
)

url, writer = sys.argv[1], int(sys.argv[2])
ledger = Ledger(url)
decision = NewDecision(kind="promote", reason="race", actor=f"writer {writer}")
wait = decision.model_copy(update={"kind": "wait"})
identity = VersionIdentity(
    version=writer, run_id="r", digests={}, schema_hash="s", environment_hash="e"
)
print("ready", flush=True)
sys.stdin.readline()
ledger.create_schema()
for sequence in range(ROUNDS):
    ledger.record_decision("flights", wait)
    try:
        ledger.release("flights", identity, decision, expected_sequence=sequence or None)
        print("won", sequence + 1, flush=True)
    except ReleaseConflict:
        while ledger.current_release("flights").sequence <= sequence:
            time.sleep(0.005)
"""


@pytest.mark.slow
def test_of_several_processes_exactly_one_wins_each_release(url: str) -> None:
    writers, rounds = 3, 8
    script = _CONTEND.replace("ROUNDS", str(rounds))
    processes = [
        subprocess.Popen(
            [sys.executable, "-c", script, url, str(writer)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )
        for writer in range(writers)
    ]
    for process in processes:
        assert process.stdout.readline() == "ready\n"
    for process in processes:
        process.stdin.write("go\n")
        process.stdin.flush()
    outputs = [process.communicate(timeout=60)[0] for process in processes]
    assert [process.returncode for process in processes] == [0] * writers

    wins = sorted(int(line.split()[1]) for output in outputs for line in output.splitlines())
    assert wins == list(range(1, rounds + 1))
    ledger = Ledger(url)
    assert [release.sequence for release in ledger.releases("flights")] == wins
    assert len(ledger.decisions("flights", limit=1000)) == rounds + writers * rounds
    assert ledger.verify_chain("flights") is None


def test_of_two_first_challenges_at_once_the_second_is_told(ledger: Ledger) -> None:
    challenge = NewDecision(kind="challenge", reason="waits for a person", actor="gate")
    nothing_stands = Seen(kinds=STANDING_KINDS, id=NO_DECISION)
    ledger.record_decision("flights", challenge, after=[nothing_stands])
    with pytest.raises(ReleaseConflict, match=r"decision 1 .*\(challenge by gate: waits"):
        ledger.record_decision("flights", challenge, after=[nothing_stands])
    assert len(ledger.decisions("flights")) == 1


@pytest.mark.parametrize("back", [timedelta(minutes=6), timedelta(days=30)])
def test_a_clock_that_was_set_back_is_noticed_at_a_release(
    url: str, identity: Identity, promotion: NewDecision, back: timedelta
) -> None:
    now = [datetime(2024, 3, 4, 12, tzinfo=UTC)]
    ledger = Ledger(url, moment_of=lambda model: now[0])
    ledger.create_schema()
    for version in (1, 2):
        ledger.release("flights", identity(version), promotion, expected_sequence=version - 1)
    now[0] -= back
    with pytest.raises(LedgerError, match=r"released at 2024-03-04 12:00.* Nothing was written"):
        ledger.release("flights", identity(3), promotion, expected_sequence=2)
    # Of another model nothing is known that would be later.
    ledger.release("taxis", identity(1), promotion, expected_sequence=None)
    # A roll back may be needed at once.
    back_to_first = NewDecision(kind="roll_back", reason="late", actor="alice")
    ledger.release("flights", identity(1), back_to_first, expected_sequence=2)
    assert [release.version for release in ledger.releases("flights")] == [1, 2, 1]


def test_two_machines_may_differ_a_little(
    url: str, identity: Identity, promotion: NewDecision
) -> None:
    now = [datetime(2024, 3, 4, 12, tzinfo=UTC)]
    ledger = Ledger(url, moment_of=lambda model: now[0])
    ledger.create_schema()
    ledger.release("flights", identity(1), promotion, expected_sequence=None)
    now[0] -= timedelta(minutes=4)
    assert ledger.release("flights", identity(2), promotion, expected_sequence=1).sequence == 2
