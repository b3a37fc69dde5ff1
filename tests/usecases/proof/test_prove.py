"""A broken line of a feature table is found, with the fact that shows it; what is right is not."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path

import pytest

from mlops_platform.cli.console import console
from mlops_platform.cli.data.prove import show_proof
from mlops_platform.data.scratch.place import scratch_place
from mlops_platform.errors import DataError
from mlops_platform.settings import Settings
from mlops_platform.usecases.proof.prove import Prover, Wanted
from mlops_platform.usecases.proof.records import Finding, Proof, Property, keep_proof, last_proof
from tests.documents.cases import Case, refuse_undocumented
from tests.usecases.proof.conftest import NOW
from tests.usecases.proof.orders import forecast_of, land_orders, spec_of

pytestmark = pytest.mark.slow
UNSEEN = "nobody saw it but in the tables of the flights, by tests written for them"
TELLS = "`mlops prove` fails: column, entity, event time, the fact that leaked, the likely fix"
COMPARES = "`mlops prove` fails: table, day, key, column, both values, the likely fix"


@dataclass(frozen=True)
class Broken:
    """A column that is not as it should be.

    Args:
        proof: the fixture that finds it.
    """

    case: Case
    proof: str
    property: Property
    table: str
    column: str


BROKEN = (
    Broken(
        Case(
            "a feature that joins facts by when they happened, not by when they were known",
            UNSEEN,
            TELLS,
            "not by the moment at which a fact happened",
        ),
        "leaking",
        "future",
        "leaking",
        "by_happening",
    ),
    Broken(
        Case(
            "a feature that reads the present version of facts, corrections of later included",
            UNSEEN,
            TELLS,
            "and not its present version",
        ),
        "leaking",
        "future",
        "leaking",
        "by_present",
    ),
    Broken(
        Case(
            "a label table that keeps present labels only",
            UNSEEN,
            TELLS,
            "Keep every version of a label",
        ),
        "leaking",
        "future",
        "present_labels",
        "(the row)",
    ),
    Broken(
        Case(
            "`<` in place of `<=` at the event time",
            UNSEEN,
            TELLS,
            "A fact that is known at the very moment of the event counts",
        ),
        "leaking",
        "cutoff",
        "leaking",
        "too_late",
    ),
    Broken(
        Case(
            "a feature that reads facts of a second after the event",
            UNSEEN,
            TELLS,
            "A fact that becomes known after the event does not count",
        ),
        "leaking",
        "cutoff",
        "leaking",
        "too_early",
    ),
    Broken(
        Case(
            "an incremental table that appends the days which are built again",
            UNSEEN,
            COMPARES,
            "Replace all rows of the days that are built",
        ),
        "short",
        "incremental",
        "appended_labels",
        "(the row)",
    ),
    Broken(
        Case(
            "a build of some days that looks back less far than facts count",
            UNSEEN,
            COMPARES,
            "Read as many days before those that are built as a fact counts",
        ),
        "short",
        "incremental",
        "short",
        "paid_3d",
    ),
    Broken(
        Case(
            "`reach_days` smaller than facts reach",
            "a late fact left some later days as they were, in silence",
            TELLS,
            "facts change rows up to 2 days after those they touch; 1 are declared",
        ),
        "short",
        "reach",
        "short",
        "paid_3d",
    ),
    Broken(
        Case(
            "a column of `task.known_future` that a fact moves",
            "nobody could declare what is known ahead",
            TELLS,
            "What is known ahead is published before, such as a calendar",
        ),
        "known_ahead",
        "future",
        "orders",
        "paid_3d",
    ),
)
TOO_LITTLE = Case(
    "`mlops prove` with fewer than three landed days",
    "there was no such command",
    "refused: too little is before and after anything",
    "2 days of ['orders', 'payments', 'returns'] have landed",
)


@pytest.mark.parametrize("broken", BROKEN, ids=lambda broken: broken.case.given)
def test_a_broken_line_is_found(broken: Broken, request: pytest.FixtureRequest) -> None:
    proof: Proof = request.getfixturevalue(broken.proof)
    found = _findings(proof, broken.property, broken.table)
    assert proof.outcome == "failed"
    assert broken.column in {finding.column for finding in found}
    with console.capture() as captured:
        show_proof(proof)
    assert broken.case.reads in captured.get()


def test_nothing_else_is_found(leaking: Proof, short: Proof) -> None:
    broken = {(each.proof, each.property, each.table, each.column) for each in BROKEN}
    # A fact of a second after the event is of the future, too.
    broken.add(("leaking", "future", "leaking", "too_early"))
    found = {
        (name, verdict.property, finding.table, finding.column)
        for name, proof in (("leaking", leaking), ("short", short))
        for verdict in proof.verdicts
        for finding in verdict.findings
    }
    assert found <= broken
    # What a proof has not failed it has seen to be right.
    right = {
        (verdict.property, verdict.table): verdict.detail
        for proof in (leaking, short)
        for verdict in proof.verdicts
        if verdict.outcome == "proved"
    }
    assert "changes basket" in right["cutoff", "orders"]
    assert "paid_3d" in right["cutoff", "payments"]
    assert ("reach", "appended_labels") in right


def test_of_what_is_declared_as_known_ahead_only_what_moves_is_refused(known_ahead: Proof) -> None:
    found = _findings(known_ahead, "future", "orders")
    assert {finding.column for finding in found} == {"paid_3d"}
    assert {finding.fact.table for finding in found if finding.fact} == {"payments"}


def test_what_no_fact_moves_is_proved_to_be_known_ahead(prover: Prover) -> None:
    wanted = Wanted(rounds=1, facts=3, properties=("future",))
    spec = forecast_of("orders", "labels", ["weekday"])
    proof = prover.prove(spec, wanted, NOW, lambda line: None)
    assert proof.outcome == "proved"
    details = [verdict.detail for verdict in proof.verdicts if verdict.table == "orders"]
    assert "known ahead: no perturbed fact moves weekday" in details


def test_a_leak_names_the_event_and_the_fact_of_after_it(leaking: Proof) -> None:
    found = _findings(leaking, "future", "leaking")
    assert found
    for finding in found:
        assert finding.fact is not None
        assert finding.fact.table == "payments"
        assert finding.fact.others == 0
        assert finding.event_time is not None
        assert finding.fact.known_at is not None
        assert finding.fact.known_at > finding.event_time
        assert finding.expected != finding.actual


def test_a_cutoff_names_a_fact_of_its_very_second(leaking: Proof) -> None:
    (verdict,) = (each for each in leaking.verdicts if each.property == "cutoff" and each.findings)
    between = {}
    for finding in verdict.findings:
        assert finding.fact is not None
        assert finding.fact.known_at is not None
        assert finding.event_time is not None
        between[finding.column] = finding.fact.known_at - finding.event_time
    assert between == {"too_early": timedelta(seconds=1), "too_late": timedelta()}


def test_worlds_are_gone_with_their_proof(leaking: Proof, short: Proof, prover: Prover) -> None:
    assert {path.name for path in prover.scratch.root.iterdir()} == {"dbt_project", "dbt"}


def test_what_is_interrupted_is_gone(orders: Settings) -> None:
    with pytest.raises(KeyboardInterrupt), scratch_place(orders, "proofs", "stopped") as scratch:
        (scratch.root / "lake").mkdir()
        raise KeyboardInterrupt
    assert not scratch.root.exists()


def test_too_few_days_are_refused(prover: Prover, tmp_path: Path) -> None:
    land_orders(tmp_path, days=2)
    with pytest.raises(DataError, match="Land some") as refused:
        Prover(prover.scratch, tmp_path, prover.digest).prove(
            spec_of("orders", "labels"), Wanted(), NOW, lambda line: None
        )
    assert TOO_LITTLE.reads in str(refused.value)


def test_the_last_proof_is_kept(short: Proof, tmp_path: Path) -> None:
    assert last_proof(tmp_path) is None
    keep_proof(tmp_path, short)
    assert last_proof(tmp_path) == short
    (tmp_path / "proof.json").write_text("{}")
    with pytest.raises(DataError, match="run `mlops prove` again"):
        last_proof(tmp_path)


def test_every_case_is_documented() -> None:
    refuse_undocumented("Features", [*(broken.case for broken in BROKEN), TOO_LITTLE])


def _findings(proof: Proof, property_: Property, table: str) -> list[Finding]:
    return [
        finding
        for verdict in proof.verdicts
        if verdict.property == property_
        for finding in verdict.findings
        if finding.table == table
    ]
