"""The tables of every declared model keep what they promise, on real facts (docs/proofs.md)."""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import UTC, datetime
from typing import TYPE_CHECKING, get_args

import pytest
from click.testing import CliRunner

from mlops_platform.cli import main
from mlops_platform.components.models import declared_specs
from mlops_platform.settings import read_settings, settings
from mlops_platform.spec import ModelSpec
from mlops_platform.usecases.proof.prove import Prover, Wanted, opened_prover
from mlops_platform.usecases.proof.records import Property
from tests.dbt_project.conftest import PROJECT

if TYPE_CHECKING:
    from tests.dbt_project.conftest import Deployment

OF_OTHER_FACTS = {"spam", "lapse_risk"}
"""No mail and no order landed in that winter; they are proved by hand (docs/instances.md)."""
TABLES = {
    (spec.features.table, spec.label.table): spec
    for spec in declared_specs()
    if spec.features.has_event_time and spec.name not in OF_OTHER_FACTS
}
"""Several models may have the same tables: these are proved once. Without event time nothing is."""
BY_COMMAND = TABLES.pop(("weather_hour_features", "weather_hour_labels"))
"""Proved as a person does."""

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def prover(winter: Deployment) -> Iterator[Prover]:
    """The project, parsed once, with what has landed in the winter."""
    place = read_settings({"MLOPS_HOME": str(winter.home)})
    with opened_prover(place, PROJECT, "winter") as opened:
        yield opened


@pytest.mark.parametrize("spec", TABLES.values(), ids=lambda spec: spec.name)
def test_every_table_that_a_model_reads_is_proved(spec: ModelSpec, prover: Prover) -> None:
    proof = prover.prove(spec, Wanted(rounds=1), datetime.now(UTC), lambda line: None)
    assert {verdict.outcome for verdict in proof.verdicts} == {"proved"}, proof.verdicts
    assert {verdict.property for verdict in proof.verdicts} == set(get_args(Property))


def test_the_command_proves_the_tables_of_a_model_and_keeps_the_proof_alone(
    winter: Deployment, monkeypatch: pytest.MonkeyPatch
) -> None:
    home, model = winter.home, BY_COMMAND.name
    monkeypatch.setenv("MLOPS_HOME", str(home))
    settings.cache_clear()
    try:
        shown = CliRunner().invoke(main, ["prove", model, "--rounds", "1", "--json"])
    finally:
        settings.cache_clear()

    assert shown.exit_code == 0, shown.output
    verdicts = json.loads(shown.stdout)["verdicts"]
    outcomes = {(verdict["property"], verdict["outcome"]) for verdict in verdicts}
    # Its rows are landed facts: where one moves across its own moment, the row goes with it, and
    # no column is left that could change.
    assert outcomes == {
        ("future", "proved"),
        ("cutoff", "not proved"),
        ("incremental", "proved"),
        ("reach", "proved"),
    }
    assert json.loads((home / "models" / model / "proof.json").read_text())
    assert not list((home / "cache" / "proofs").glob(f"{model}*"))
