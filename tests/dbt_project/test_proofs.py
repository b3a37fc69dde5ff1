"""The tables of every declared model keep what they promise, on real facts (docs/proofs.md)."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest
from click.testing import CliRunner

from mlops_platform.cli import main
from mlops_platform.components.models import declared_specs
from mlops_platform.settings import settings
from mlops_platform.spec import ModelSpec

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
EVENTS_ARE_FACTS = {"unusual_weather", "weather_types"}
"""Their rows are landed facts: where one moves across its own moment, the row goes with it, and no
column is left that could change."""


@pytest.mark.slow
@pytest.mark.parametrize("spec", TABLES.values(), ids=lambda spec: spec.name)
def test_every_table_that_a_model_reads_is_proved(
    spec: ModelSpec, winter: Deployment, monkeypatch: pytest.MonkeyPatch
) -> None:
    home = winter.home
    monkeypatch.setenv("MLOPS_HOME", str(home))
    settings.cache_clear()
    try:
        shown = CliRunner().invoke(main, ["prove", spec.name, "--rounds", "1", "--json"])
    finally:
        settings.cache_clear()

    proof = json.loads(shown.stdout)
    assert shown.exit_code == 0, shown.output
    unproved = {v["property"] for v in proof["verdicts"] if v["outcome"] != "proved"}
    assert unproved == ({"cutoff"} if spec.name in EVENTS_ARE_FACTS else set()), proof["verdicts"]
    assert "failed" not in {verdict["outcome"] for verdict in proof["verdicts"]}
    assert {verdict["property"] for verdict in proof["verdicts"]} == {
        "future",
        "cutoff",
        "incremental",
        "reach",
    }
    assert json.loads((home / "models" / spec.name / "proof.json").read_text())
    assert not any((home / "cache" / "proofs").iterdir())
