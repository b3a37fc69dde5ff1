"""A shipped model that nobody but a person releases, with limits on gaps between groups."""

from dataclasses import replace

import pytest

from tests.e2e.conftest import Deployment

pytestmark = pytest.mark.slow

MODEL = "mortality_risk"


def test_a_model_that_people_must_approve_waits_for_one(untrained: Deployment) -> None:
    clinic = replace(untrained, model=MODEL)
    trained = clinic.mlops("train", MODEL)
    assert f"Version 1 of {MODEL} waits for a person." in trained
    assert "all 10 criteria pass" in trained
    assert not clinic.pointer.exists()
    (challenge,) = [each for each in clinic.ledger.decisions(MODEL) if each.kind == "challenge"]
    criteria = {each["name"]: each for each in challenge.evidence["criteria"]}
    assert criteria["fairness"]["passed"] is True
    assert criteria["fairness"]["description"].startswith("none of 3 limited gaps surely is too")

    clinic.mlops("approve", MODEL, "--reason", "read by the board")
    (released,) = [each for each in clinic.ledger.decisions(MODEL) if each.kind == "promote"]
    assert released.reason == "read by the board"
    assert clinic.pointer.exists()
