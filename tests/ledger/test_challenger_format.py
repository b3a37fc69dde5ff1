"""The version that a challenge names is read in the format of its decision."""

from datetime import UTC, datetime

import pytest

from mlops_platform.formats import upgrades
from mlops_platform.ledger.challenger import CHALLENGER, Challenger
from mlops_platform.ledger.records import Decision


@pytest.mark.parametrize(("stored_format", "name"), [(0, "number"), (1, "version")])
def test_a_challenge_of_every_format_is_read(
    monkeypatch: pytest.MonkeyPatch, stored_format: int, name: str
) -> None:
    renamed = {"VersionIdentity": {1: upgrades.renamed(number="version")}}
    monkeypatch.setattr(upgrades, "UPGRADES", renamed)
    pinned = {name: 3, "run_id": "r", "digests": {}, "schema_hash": "s", "environment_hash": "e"}
    challenge = Decision(
        kind="challenge",
        reason="better",
        actor="gate",
        evidence={CHALLENGER: pinned, "mode": "shadow", "share": 0.0, "champion_sequence": 1},
        id=4,
        model="flights",
        made_at=datetime(2013, 5, 3, tzinfo=UTC),
        previous_hash="",
        hash="",
        row_format=stored_format,
    )
    assert Challenger.of(challenge, bento=None).version == 3
