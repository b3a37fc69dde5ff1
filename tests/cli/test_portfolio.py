"""`mlops portfolio`: every model but the demo's, each by itself."""

import json

import pytest
from click.testing import CliRunner

from mlops_platform.cli import main
from mlops_platform.components.models import declared_specs
from mlops_platform.demo.story import MODEL
from mlops_platform.errors import MlopsError
from mlops_platform.replay.portfolio import Brought, PortfolioModel
from mlops_platform.settings import Settings
from mlops_platform.usecases.deployment import open_deployment
from mlops_platform.usecases.ledger.retirement import record_retirement

pytestmark = pytest.mark.slow

OTHERS = sorted(spec.name for spec in declared_specs() if spec.name != MODEL)
FAILING, BROKEN, RETIRED = OTHERS[:3]


def bring(portfolio: PortfolioModel) -> Brought:
    """Each has a champion but two; a training takes minutes, and nothing of it matters here."""
    name = portfolio.running.model.name
    if name == FAILING:
        raise MlopsError("run 1 failed:\n- its gate: nothing came of it.")
    if name == BROKEN:
        raise ZeroDivisionError("nobody foresaw it")
    return Brought(name, "champion", 3, portfolio.windows, "It serves.")


def test_one_that_fails_stops_no_other_and_is_told(
    home: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert CliRunner().invoke(main, ["setup"]).exit_code == 0
    record_retirement(open_deployment().ledger, RETIRED, "Nobody needs it.", "somebody")
    monkeypatch.setattr(PortfolioModel, "bring", bring)

    ended = CliRunner(env={"COLUMNS": "80"}).invoke(main, ["portfolio", "--windows", "2", "--json"])

    assert ended.exit_code == 1
    document = json.loads(ended.stdout)
    found = {brought["model"]: (brought["state"], brought["windows"]) for brought in document}
    expected = dict.fromkeys(OTHERS, ("champion", 2)) | dict.fromkeys(
        (FAILING, BROKEN), ("failed", 0)
    )
    del expected[RETIRED]
    assert found == expected
    assert "- its gate: nothing came of it." in ended.stderr
    assert "ZeroDivisionError: nobody foresaw it" in ended.stderr
    assert "2 models failed: " in ended.stderr
