"""Why a prediction is what it is, by the version that made it, as a use case and a command."""

import json
import shutil
from collections.abc import Callable
from datetime import UTC, datetime
from math import log
from typing import TYPE_CHECKING, Any

import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from click.testing import CliRunner, Result

from mlops_platform.cli.service import explain as explain_command
from mlops_platform.components import models
from mlops_platform.data.served.served import land_log
from mlops_platform.errors import DataError, LedgerError
from mlops_platform.spec import ModelSpec
from mlops_platform.usecases.explanation.explain import explain_entity, explain_request
from mlops_platform.usecases.explanation.record import ExplainedPrediction
from tests.data.features.claims import claim

if TYPE_CHECKING:
    from tests.usecases.conftest import Lifecycle

Make = Callable[..., Any]


@pytest.fixture
def asked(lifecycle: "Lifecycle", spec: ModelSpec) -> Callable[..., ExplainedPrediction]:
    def explain(row: int | None = None) -> ExplainedPrediction:
        return explain_request(lifecycle.deployment, spec, "incident-1", row)

    return explain


def test_the_contributions_add_up_to_what_was_answered_then(
    release: Make, answered: Make, write: Make, asked: Make
) -> None:
    release()
    record = answered(1, 1)
    write(record)
    release()  # another version serves by now
    found = asked()
    assert (found.version, found.release, found.role) == ("1", 1, "champion")
    assert found.answer == record.outputs
    assert found.agrees
    additive, probability = found.additive, record.outputs["probability"]
    assert additive.scale == "log_odds"
    total = additive.base + sum(part.contribution for part in additive.contributions)
    assert total == pytest.approx(additive.total)
    assert total == pytest.approx(log(probability / (1 - probability)), abs=1e-6)
    assert {part.feature: part.value for part in additive.contributions} == record.features
    sizes = [abs(part.contribution) for part in additive.contributions]
    assert sizes == sorted(sizes, reverse=True)


def test_it_is_the_same_once_it_has_landed(
    lifecycle: "Lifecycle", spec: ModelSpec, release: Make, answered: Make, write: Make, asked: Make
) -> None:
    release()
    folder = write(answered(1, 1))
    before = asked()
    landed = lifecycle.deployment.settings.landed_predictions(spec.name)
    land_log(spec, folder, landed, datetime.now(UTC))
    assert asked() == before
    assert explain_entity(lifecycle.deployment, spec, "flight-0").additive == before.additive


def test_of_many_rows_one_is_named(release: Make, answered: Make, write: Make, asked: Make) -> None:
    release()
    write(answered(1, 1, 0), answered(1, 1, 1))
    with pytest.raises(DataError, match=r"rows 0 to 1, and one is explained at a time.*--row"):
        asked()
    with pytest.raises(DataError, match="has the rows 0 to 1"):
        asked(2)
    assert asked(1).entity == "flight-1"


def test_of_an_entity_the_last_answer_counts_and_no_shadow(
    lifecycle: "Lifecycle", spec: ModelSpec, release: Make, answered: Make, write: Make
) -> None:
    release()
    name = 'gate "7\\b" größe'
    write(
        answered(1, 1, 0, entity=name),
        answered(1, 1, 1, entity=name),
        answered(1, 1, 2, entity=name, role="shadow"),
        answered(1, 1, 3),
    )
    found = explain_entity(lifecycle.deployment, spec, name)
    assert found.answer == answered(1, 1, 1).outputs
    assert found.source == f"the last answer about {name}"


def test_a_challenger_explains_what_it_answered(
    release: Make, challenge: Make, answered: Make, write: Make, asked: Make
) -> None:
    release()
    identity = challenge()
    write(answered(identity.version, 1, role="challenger"))
    found = asked()
    assert (found.version, found.role) == (str(identity.version), "challenger")
    assert found.additive is not None


def test_another_answer_is_told(release: Make, answered: Make, write: Make, asked: Make) -> None:
    release()
    record = answered(1, 1)
    write(record._replace(outputs={**record.outputs, "probability": 0.9999}))
    found = asked()
    assert not found.agrees
    assert found.additive is not None


def test_what_cannot_be_explained_says_why(
    lifecycle: "Lifecycle", release: Make, answered: Make, write: Make, asked: Make
) -> None:
    release()
    write(answered(1, 1), redact=("wind",))
    assert asked().reason == "the log has redacted wind"
    assert asked().additive is None
    shutil.rmtree(lifecycle.deployment.settings.bentoml_home)
    assert "cannot be read" in asked().reason


def test_a_version_that_the_ledger_does_not_know_is_not_explained(
    release: Make, answered: Make, write: Make, asked: Make
) -> None:
    release()
    write(answered(9, 1))
    assert "the ledger names no Bento of version 9" in asked().reason


def test_a_bento_with_another_model_is_not_trusted(
    lifecycle: "Lifecycle", release: Make, answered: Make, write: Make, asked: Make
) -> None:
    release()
    write(answered(1, 1))
    [digests] = lifecycle.deployment.settings.bentoml_home.rglob("digests.json")
    changed = dict.fromkeys(json.loads(digests.read_text()), "0" * 64)
    digests.write_text(json.dumps(changed))
    assert "is not the one that the ledger pins for version 1" in asked().reason


def test_a_model_without_exact_contributions_says_what_packaging_found(
    release: Make, answered: Make, write: Make, asked: Make
) -> None:
    release(explained=False, not_explained="nothing adds up to the steps of isotonic calibration")
    record = answered(1, 1)
    write(record)
    found = asked()
    assert found.reason == "nothing adds up to the steps of isotonic calibration"
    assert found.additive is None
    assert (found.agrees, found.answer) == (True, record.outputs)


def publish(lifecycle: "Lifecycle", rows: pd.DataFrame) -> None:
    folder = lifecycle.deployment.settings.published / "flights" / "local_date=2024-03-05"
    folder.mkdir(parents=True)
    pq.write_table(pa.Table.from_pandas(rows), folder / "data.parquet")
    claim(folder.parent)


def test_where_nothing_was_answered_its_published_features_are_explained(
    lifecycle: "Lifecycle", spec: ModelSpec, release: Make, fitted: tuple[Any, pd.DataFrame]
) -> None:
    model, rows = fitted
    publish(
        lifecycle,
        rows[:2].assign(
            flight_id="f1", event_time=pd.to_datetime(["2024-03-05T09Z", "2024-03-05T07Z"])
        ),
    )
    with pytest.raises(LedgerError, match="has no champion that could explain"):
        explain_entity(lifecycle.deployment, spec, "f1")
    release()
    found = explain_entity(lifecycle.deployment, spec, "f1")
    assert "no answer is logged" in found.source
    assert (found.time, found.difference, found.release) == (None, None, 1)
    expected = model.predict_proba(rows[:1])[0, 1]
    assert found.answer["probability"] == pytest.approx(expected, abs=1e-12)
    with pytest.raises(DataError, match="no flight_id of that name"):
        explain_entity(lifecycle.deployment, spec, "nobody")


@pytest.fixture
def command_line(
    lifecycle: "Lifecycle", spec: ModelSpec, monkeypatch: pytest.MonkeyPatch
) -> Callable[..., Result]:
    monkeypatch.setattr(explain_command, "open_deployment", lambda: lifecycle.deployment)
    monkeypatch.setattr(models, "declared_spec", lambda name: spec)

    def run(*arguments: str) -> Result:
        command = [spec.name, *arguments]
        return CliRunner(env={"COLUMNS": "200"}).invoke(explain_command.command, command)

    return run


def test_the_command_shows_the_contributions(
    release: Make, answered: Make, write: Make, command_line: Callable[..., Result]
) -> None:
    release()
    write(answered(1, 1))
    shown = command_line("flight-0")
    assert shown.exit_code == 0, shown.output
    assert "version 1 as champion of release 1" in shown.output
    assert "adds to the log odds" in shown.output
    for word in ("(base)", "wind", "late", "(log odds)"):
        assert word in shown.output
    document = json.loads(command_line("--request", "incident-1", "--json").output)
    assert document["version"] == "1"
    assert {part["feature"] for part in document["additive"]["contributions"]} == {"wind", "late"}


def test_the_command_ends_with_1_where_nothing_adds_up(
    release: Make, answered: Make, write: Make, command_line: Callable[..., Result]
) -> None:
    release()
    write(answered(1, 1), redact=("wind",))
    refused = command_line("flight-0")
    assert refused.exit_code == 1
    assert "It is not explained: the log has redacted wind" in refused.output
    record = answered(1, 1, request_id="r2", entity="f2")
    write(record._replace(outputs={**record.outputs, "probability": 0.9999}))
    otherwise = command_line("f2")
    assert otherwise.exit_code == 1
    assert "The version answers otherwise now" in otherwise.output


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        ((), "Name one of ENTITY, --request and --file"),
        (("f1", "--request", "x"), "Name one of ENTITY, --request and --file"),
        (("f1", "--row", "0"), "--row is of a request or a file"),
        (("--request", "x", "--row", "-1"), "-1 is not in the range"),
    ],
)
def test_the_command_says_what_to_name(
    command_line: Callable[..., Result], arguments: tuple[str, ...], told: str
) -> None:
    refused = command_line(*arguments)
    assert refused.exit_code == 2
    assert told in refused.output
