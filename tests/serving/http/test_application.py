"""The front, asked in this process: answers, refusals, limits, log, shadow and canary."""

import asyncio
import json
import logging
import math
import time
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import psutil
import pytest

from mlops_platform.serving.contents import Contents, PackedRelease
from mlops_platform.serving.http.answers import ServedModel, ServedTask, answer_types
from mlops_platform.serving.http.openapi import openapi_document
from mlops_platform.serving.http.pages import served_model
from mlops_platform.serving.http.request import request_types
from mlops_platform.serving.roles import Roles
from mlops_platform.serving.runtime import RuntimeSettings
from mlops_platform.serving.scoring.scorer import Scorer
from mlops_platform.serving.served_version import ServedVersion
from mlops_platform.spec.serving import PredictionLogSpec
from mlops_platform.tasks import DEFAULT_TASK
from mlops_platform.tasks.regression.columns import (
    BASELINE_LOSS_SCALE,
    FACTOR,
    LEAST_REACH,
    LOSS_SCALE,
)
from mlops_platform.tasks.regression.task import Regression

ANSWERS: Any = answer_types(DEFAULT_TASK)
Service = Any
MakeService = Any


class Steady:
    """A scorer that always says the same number, so many times, after some time, or fails."""

    def __init__(
        self,
        number: float,
        seconds: float = 0.0,
        error: Exception | None = None,
        numbers: int = 1,
    ) -> None:
        self._answer, self._seconds, self._error = (number,) * numbers, seconds, error

    def numbers(self, row: Any) -> tuple[float, ...]:
        """Answer one row."""
        return self.numbers_of([row])[0]

    def numbers_of(self, rows: Sequence[Any]) -> list[tuple[float, ...]]:
        """Answer a batch."""
        time.sleep(self._seconds)
        if self._error is not None:
            raise self._error
        return [self._answer] * len(rows)

    def by_position(self) -> None:
        """Nothing is compiled."""

    def unknown_categories(self, row: Any) -> tuple[str, ...]:
        """No row is odd."""
        return ()

    def unknown_in_each(self, rows: Sequence[Any]) -> list[tuple[str, ...]]:
        """No row of a batch is odd."""
        return [()] * len(rows)


@pytest.fixture
def version_of(packed: Contents) -> Any:
    """Make a version that is scored by `Steady`."""

    def make(version: str, *scorer: Any) -> ServedVersion:
        release = packed.release.model_copy(update={"version": version, "sequence": int(version)})
        scores: Any = Steady(*scorer)
        return ServedVersion(replace(packed, release=release), scores)

    return make


def log_lines(directory: Path) -> list[dict[str, Any]]:
    files = sorted(directory.glob("predictions-*.jsonl"))
    return [json.loads(line) for file in files for line in file.read_text().splitlines()]


def test_answers_hold_what_is_documented(service: Service, row: dict[str, Any]):
    answer = service.ask("POST", "/v1/predict", row | {"flight_id": "flight-7"})
    prediction = ANSWERS.prediction.model_validate_json(answer.text)
    assert (prediction.entity, prediction.version, prediction.sequence) == ("flight-7", "1", 4)
    assert prediction.role == "champion"
    assert prediction.request_id == answer.headers["x-request-id"]
    batch = service.ask("POST", "/v1/predict_batch", {"rows": [row, row]})
    told = ANSWERS.batch.model_validate_json(batch.text)
    assert [score.probability for score in told.predictions] == [prediction.probability] * 2


def test_the_model_page_tells_release_schema_and_card(service: Service, packed: Contents):
    told = ServedModel.model_validate_json(service.ask("GET", "/v1/model").text)
    assert (told.model, told.version, told.sequence) == ("flight_delay", "1", 4)
    assert told.task == ServedTask(type="binary_classification", loss="log_loss")
    assert told.constants == {"threshold": 0.3}
    assert told.features == packed.features
    assert (told.folded, told.explained) == (True, True)
    assert told.card_markdown == "# Flight delay\n"
    assert told.card is None


def test_the_model_page_tells_no_option_that_a_bento_of_before_does_not_say(packed: Contents):
    described = packed.release.model_dump()
    del described["task"], described["constants"]
    stored = json.dumps({**described, "threshold": 0.3, "format": 3})
    former = replace(packed, release=PackedRelease.from_stored(stored))
    scorer: Any = Steady(0.5)
    told = json.loads(served_model(ServedVersion(former, scorer)).model_dump_json())
    assert told["task"] == {"type": "binary_classification", "loss": "log_loss"}
    assert told["constants"] == {"threshold": 0.3}


def test_nothing_tells_of_adjustments_where_constants_only_change_by_a_release(
    service_of: MakeService, row: dict[str, Any], tmp_path: Path
):
    service = service_of(RuntimeSettings(log=tmp_path))
    single = service.ask("POST", "/v1/predict", row)
    assert list(single.json) == [
        *("entity", "probability", "decision", "warnings", "version", "sequence", "role"),
        *("model", "request_id"),
    ]
    batch = service.ask("POST", "/v1/predict_batch", {"rows": [row]})
    assert list(batch.json) == ["model", "version", "sequence", "request_id", "predictions"]
    pages = [service.ask("GET", path).text for path in ("/v1/model", "/docs.json")]
    files = [file.read_text() for file in tmp_path.glob("*.jsonl")]
    assert len(files) == 2  # predictions and events
    assert not any("adjustment" in text for text in (single.text, batch.text, *pages, *files))
    metrics = service.worker.metrics.exposition().decode()
    assert "mlops_release_sequence{" in metrics
    assert "mlops_release_adjustment{" not in metrics


def test_the_model_page_follows_a_swap(service: Service, version_of: Any):
    service.ask("GET", "/v1/model")
    service.worker.install(Roles(version_of("9", 0.9)))
    assert service.ask("GET", "/v1/model").json["version"] == "9"


@pytest.mark.parametrize(
    ("method", "path", "problem", "status"),
    [
        ("GET", "/nowhere", "not-found", 404),
        ("POST", "/v1/predict/", "not-found", 404),
        ("GET", "/v1/predict", "method-not-allowed", 405),
        ("TRACE", "/v1/predict_batch", "method-not-allowed", 405),
        ("POST", "/v1/model", "method-not-allowed", 405),
        ("POST", "/v1/explain", "malformed-body", 400),
        ("POST", "/v1/predict_by_entity", "not-found", 404),
    ],
)
def test_what_is_not_served_is_told_as_a_problem(
    service: Service, method: str, path: str, problem: str, status: int
):
    answer = service.ask(method, path)
    assert (answer.problem, answer.status) == (problem, status)
    assert ("allow" in {name.lower() for name in answer.headers}) == (status == 405)


def test_contributions_add_up_to_the_answer(service: Service, row: dict[str, Any]):
    told = ANSWERS.explained.model_validate_json(service.ask("POST", "/v1/explain", row).text)
    assert told.probability == service.ask("POST", "/v1/predict", row).json["probability"]
    assert set(told.contributions) == set(row)
    log_odds = math.log(told.probability / (1 - told.probability))
    assert told.log_odds == pytest.approx(log_odds, abs=1e-6)
    assert told.base + sum(told.contributions.values()) == pytest.approx(log_odds, abs=1e-6)


def test_explanations_are_no_predictions_to_log(
    service_of: MakeService, row: dict[str, Any], tmp_path: Path
):
    service = service_of(RuntimeSettings(log=tmp_path))
    assert service.ask("POST", "/v1/explain", row).status == 200
    assert log_lines(tmp_path) == []
    assert service.metric("mlops_predictions_total") == 0


def test_a_model_that_is_not_explained_says_why(
    service: Service, version_of: Any, row: dict[str, Any]
):
    service.worker.install(Roles(version_of("9", 0.5)))
    answer = service.ask("POST", "/v1/explain", row)
    assert (answer.problem, answer.status) == ("not-explained", 404)
    assert "not proved exact" in answer.json["detail"]


def test_what_the_bento_does_not_offer_is_not_documented(packed: Contents):
    types = request_types(packed.features, 30)
    release = packed.release.model_copy(update={"explained": False})
    document = openapi_document(replace(packed, release=release), types, token_required=False)
    assert "/v1/explain" not in document["paths"]
    assert "/v1/predict_by_entity" in document["paths"]
    serving = release.serving.model_copy(update={"online_store": None})
    release = release.model_copy(update={"explained": True, "serving": serving})
    document = openapi_document(replace(packed, release=release), types, token_required=False)
    assert "/v1/explain" in document["paths"]
    assert "/v1/predict_by_entity" not in document["paths"]


@pytest.mark.parametrize(
    "headers",
    [
        {"content-type": "text/plain"},
        {"content-type": ""},
        {"content-type": "multipart/form-data; boundary=x"},
        {"content-encoding": "gzip"},
    ],
)
def test_only_plain_json_is_taken(service: Service, row: dict[str, Any], headers: Any):
    answer = service.ask("POST", "/v1/predict", row, headers=headers)
    assert (answer.problem, answer.status) == ("unsupported-media-type", 415)
    with_charset = {"content-type": "Application/JSON; charset=utf-8"}
    assert service.ask("POST", "/v1/predict", row, headers=with_charset).status == 200


@pytest.mark.parametrize("length", ["1025", "9" * 5000])
def test_a_body_that_says_it_is_too_large_is_not_read(service_of: MakeService, length: str):
    service = service_of(max_body_kilobytes=1)
    answer = service.ask("POST", "/v1/predict", b"{", headers={"content-length": length})
    assert (answer.problem, answer.status) == ("body-too-large", 413)


def test_a_body_that_does_not_say_so_is_read_to_the_limit(service_of: MakeService):
    service = service_of(max_body_kilobytes=1)
    parts = [b" " * 600, b" " * 600, b"unread"]
    answer = asyncio.run(service.send("POST", "/v1/predict", parts))
    assert (answer.problem, answer.status) == ("body-too-large", 413)


def test_a_body_may_come_in_parts(service: Service, row: dict[str, Any]):
    body = json.dumps(row).encode()
    answer = asyncio.run(service.send("POST", "/v1/predict", [body[:9], body[9:40], body[40:]]))
    assert answer.status == 200


def test_a_client_that_breaks_off_gets_no_answer(service: Service):
    parts = [b'{"copy"', b""]
    assert asyncio.run(service.send("POST", "/v1/predict", parts, ending="broken off")) is None
    assert service.metric("mlops_requests_total", status="499") == 1


def test_a_body_that_does_not_arrive_in_time_is_given_up(service_of: MakeService):
    service = service_of(timeout_seconds=0.1)
    answer = asyncio.run(service.send("POST", "/v1/predict", [b"{", b""], ending="stalled"))
    assert (answer.problem, answer.status) == ("slow-body", 408)


def test_a_batch_that_takes_too_long_is_given_up_while_single_rows_are_answered(
    service_of: MakeService, version_of: Any, row: dict[str, Any], tmp_path: Path
):
    service = service_of(RuntimeSettings(log=tmp_path), timeout_seconds=0.5)
    fast = service.worker.roles
    batch, single = (json.dumps(body).encode() for body in ({"rows": [row]}, row))

    async def ask() -> tuple[Any, Any, bool]:
        service.worker.install(Roles(version_of("9", 0.5, 1.0)))
        slow = asyncio.create_task(service.send("POST", "/v1/predict_batch", [batch]))
        await asyncio.sleep(0.05)
        service.worker.install(fast)
        answer = await service.send("POST", "/v1/predict", [single])
        waited_for = slow.done()
        return await slow, answer, waited_for

    late, answer, waited_for = asyncio.run(ask())
    assert (late.problem, late.status) == ("timeout", 504)
    assert answer.status == 200
    assert not waited_for
    assert [line["route"] for line in log_lines(tmp_path)] == ["predict"]


def test_more_requests_than_allowed_at_once_are_told_to_come_back(
    service_of: MakeService, row: dict[str, Any]
):
    service = service_of(max_concurrency=1, timeout_seconds=0.3)
    body = json.dumps(row).encode()

    async def ask() -> tuple[Any, Any, Any]:
        waiting = asyncio.create_task(
            service.send("POST", "/v1/predict", [b"{", b""], ending="stalled")
        )
        await asyncio.sleep(0.05)
        refused = await service.send("POST", "/v1/predict", [body])
        health = await service.send("GET", "/readyz")
        await waiting
        return refused, health, await service.send("POST", "/v1/predict", [body])

    refused, health, later = asyncio.run(ask())
    assert (refused.problem, refused.status) == ("too-many-requests", 429)
    assert refused.headers["retry-after"] == "1"
    assert (health.status, later.status) == (200, 200)


def test_a_cancellation_from_outside_is_not_taken_for_a_time_out(service: Service):
    async def ask() -> None:
        stalled = service.send("POST", "/v1/predict", [b"{", b""], ending="stalled")
        task = asyncio.create_task(stalled)
        await asyncio.sleep(0.05)
        task.cancel()
        await task

    with pytest.raises(asyncio.CancelledError):
        asyncio.run(ask())


def test_a_failure_is_told_without_its_reason_and_logged_with_it(
    service: Service, version_of: Any, row: dict[str, Any], caplog: pytest.LogCaptureFixture
):
    service.worker.install(Roles(version_of("9", 0.5, 0.0, RuntimeError("secret of the tree"))))
    answer = service.ask("POST", "/v1/predict", row)
    assert (answer.problem, answer.status) == ("internal-error", 500)
    assert "secret" not in answer.text
    assert "secret of the tree" in caplog.text
    assert answer.headers["x-request-id"] in caplog.text


def test_a_failure_counts_against_the_version_that_failed(
    service_of: MakeService, version_of: Any, row: dict[str, Any], tmp_path: Path
):
    service = service_of(RuntimeSettings(log=tmp_path))
    failing = version_of("9", 0.9, 0.0, RuntimeError("broken challenger"))
    service.worker.install(Roles(version_of("8", 0.1), failing, canary_share=1.0))
    assert service.ask("POST", "/v1/predict", row | {"flight_id": "f"}).status == 500
    assert service.ask("POST", "/v1/predict", row).status == 200
    assert service.ask("GET", "/readyz").status == 200
    service.worker.objectives.close()
    (file,) = tmp_path.glob("objectives-*.jsonl")
    told = [json.loads(line) for line in file.read_text().splitlines()]
    assert [
        (line["version"], line["role"], line["errors"], sum(line["latencies"])) for line in told
    ] == [("9", "challenger", 1, 1), ("8", "champion", 0, 1)]


class Odd:
    """A model that answers one number, which may be no probability."""

    classes_ = np.array([False, True])

    def __init__(self, number: float) -> None:
        self._number = number

    def predict_proba(self, frame: Any) -> Any:
        """Answer a batch."""
        return np.full((len(frame), 2), self._number)


@pytest.mark.parametrize("probability", [float("nan"), float("inf"), 1.5, -0.1])
def test_what_is_no_probability_is_not_answered(
    service: Service, packed: Contents, row: dict[str, Any], probability: float
):
    scorer = Scorer(packed.features, packed.release.task, Odd(probability), compiled=False)
    service.worker.install(Roles(ServedVersion(packed, scorer)))
    for route, body in (("predict", row), ("predict_batch", {"rows": [row, row]})):
        answer = service.ask("POST", f"/v1/{route}", body)
        assert (answer.problem, answer.status) == ("invalid-input", 422)


def test_each_refusal_is_one_line_that_names_fields_but_no_values(
    service: Service, row: dict[str, Any], caplog: pytest.LogCaptureFixture
):
    with caplog.at_level(logging.WARNING, logger="mlops_platform.serving"):
        service.ask("POST", "/v1/predict", row | {"carrier": 7, "copy": "a private value"})
    (record,) = caplog.records
    assert "422 invalid-input (copy, carrier)" in record.getMessage()
    assert "private" not in caplog.text


@pytest.mark.parametrize("sent", ["abc-1.2_3", "x" * 64])
def test_the_clients_request_id_is_kept(service: Service, row: dict[str, Any], sent: str):
    answer = service.ask("POST", "/v1/predict", row, headers={"x-request-id": sent})
    assert answer.json["request_id"] == answer.headers["x-request-id"] == sent


@pytest.mark.parametrize("sent", ["", "x" * 65, "a b", 'a"b', "é"])
def test_a_request_id_that_could_spoil_a_log_is_replaced(
    service: Service, row: dict[str, Any], sent: str
):
    answer = service.ask("POST", "/v1/predict", row, headers={"x-request-id": sent})
    assert len(answer.json["request_id"]) == 32


def test_a_worker_with_nothing_loaded_is_alive_but_not_ready(service: Service, row: dict[str, Any]):
    service.worker.roles, service.worker.problem = None, "the model is not loaded yet"
    assert service.ask("GET", "/livez").json == {"status": "alive"}
    for method, path in (("GET", "/readyz"), ("GET", "/v1/model"), ("POST", "/v1/predict")):
        answer = service.ask(method, path, row)
        assert (answer.problem, answer.status) == ("not-ready", 503)
        assert "not loaded yet" in answer.json["detail"]


def test_a_worker_with_a_problem_answers_on_but_wants_no_more(
    service: Service, row: dict[str, Any]
):
    service.worker.problem = "a new Bento is needed"
    assert service.ask("GET", "/readyz").status == 503
    assert service.ask("POST", "/v1/predict", row).status == 200


def test_every_answered_row_is_logged_before_it_is_answered(
    service_of: MakeService, row: dict[str, Any], tmp_path: Path
):
    service = service_of(RuntimeSettings(log=tmp_path))
    first = service.ask("POST", "/v1/predict", row | {"flight_id": "f", "late_rate": None})
    second = service.ask("POST", "/v1/predict_batch", {"rows": [row, row | {"copy": 2}]})
    service.ask("POST", "/v1/predict", row | {"copy": "x"})
    lines = log_lines(tmp_path)
    assert [(line["request_id"], line["row"], line["route"]) for line in lines] == [
        (first.json["request_id"], 0, "predict"),
        (second.json["request_id"], 0, "predict_batch"),
        (second.json["request_id"], 1, "predict_batch"),
    ]
    assert (lines[0]["entity"], lines[0]["features"]) == ("f", row | {"late_rate": None})
    assert [line["probability"] for line in lines] == [
        first.json["probability"],
        *(score["probability"] for score in second.json["predictions"]),
    ]


def test_a_log_that_cannot_be_written_costs_lines_but_no_answer(
    service_of: MakeService, row: dict[str, Any], tmp_path: Path
):
    (tmp_path / "file").write_text("in the way of the folder")
    service = service_of(RuntimeSettings(log=tmp_path / "file"))
    assert service.ask("POST", "/v1/predict", row).status == 200
    assert service.ask("POST", "/v1/predict_batch", {"rows": [row] * 3}).status == 200
    assert service.metric("mlops_log_drops_total") == 4


def test_requests_outside_the_sample_are_not_logged(
    service_of: MakeService, row: dict[str, Any], tmp_path: Path
):
    service = service_of(RuntimeSettings(log=tmp_path), log=PredictionLogSpec(sample=0.0))
    assert service.ask("POST", "/v1/predict", row).status == 200
    assert log_lines(tmp_path) == []
    assert service.metric("mlops_log_drops_total") == 0


def test_a_shadow_scores_what_was_answered_and_is_only_logged(
    service_of: MakeService, version_of: Any, row: dict[str, Any], tmp_path: Path
):
    service = service_of(RuntimeSettings(log=tmp_path))
    service.worker.install(Roles(version_of("8", 0.1), version_of("9", 0.9)))
    answer = service.ask("POST", "/v1/predict", row | {"flight_id": "f"})
    service.worker.shadow.close()
    assert (answer.json["version"], answer.json["probability"]) == ("8", 0.1)
    assert [(line["role"], line["version"], line["decision"]) for line in log_lines(tmp_path)] == [
        ("champion", "8", False),
        ("shadow", "9", True),
    ]
    assert len({line["request_id"] for line in log_lines(tmp_path)}) == 1
    assert service.metric("mlops_shadow_disagreements_total", version="9") == 1
    assert service.metric("mlops_predictions_total", version="9", role="shadow") == 1


def test_a_shadow_of_a_task_that_decides_nothing_is_not_said_to_agree(
    service: Service, packed: Contents, row: dict[str, Any]
):
    constants = dict.fromkeys((FACTOR, LEAST_REACH, LOSS_SCALE, BASELINE_LOSS_SCALE), 1.0)
    other = {"task": Regression(), "constants": constants}
    release = packed.release.model_copy(update={**other, "version": "9"})
    scorer: Any = Steady(0.5, numbers=5)
    version = ServedVersion(replace(packed, release=release), scorer)
    service.worker.install(Roles(version, version))
    assert service.ask("POST", "/v1/predict", row).json["width"] > 0
    service.worker.shadow.close()
    assert service.metric("mlops_predictions_total", version="9", role="shadow") == 1
    assert service.metric("mlops_shadow_comparisons_total") == 0


def test_a_failing_shadow_disturbs_nobody_and_counts_against_its_objectives(
    service_of: MakeService,
    version_of: Any,
    row: dict[str, Any],
    tmp_path: Path,
    caplog: pytest.LogCaptureFixture,
):
    service = service_of(RuntimeSettings(log=tmp_path))
    failing = version_of("9", 0.9, 0.0, RuntimeError("broken shadow"))
    service.worker.install(Roles(version_of("8", 0.1), failing))
    assert service.ask("POST", "/v1/predict", row).status == 200
    service.worker.shadow.close()
    assert "broken shadow" in caplog.text
    service.worker.objectives.close()
    (file,) = tmp_path.glob("objectives-*.jsonl")
    counted = {line["role"]: line for line in map(json.loads, file.read_text().splitlines())}
    assert (counted["champion"]["errors"], counted["shadow"]["errors"]) == (0, 1)
    assert sum(counted["shadow"]["latencies"]) == 1


def test_a_canary_answers_its_entities_alone_and_in_batches(
    service: Service, version_of: Any, row: dict[str, Any]
):
    roles = Roles(version_of("8", 0.1), version_of("9", 0.9), canary_share=0.5)
    service.worker.install(roles)
    rows = [row | {"flight_id": f"flight-{number}"} for number in range(30)]
    alone = [service.ask("POST", "/v1/predict", one).json for one in rows]
    batch = service.ask("POST", "/v1/predict_batch", {"rows": rows}).json
    for one, together in zip(alone, batch["predictions"], strict=True):
        version, role = roles.answering(one["entity"])
        assert (one["version"], one["role"]) == (version.release.version, role)
        assert together.items() <= one.items()
    assert {one["version"] for one in alone} == {"8", "9"}
    assert batch["version"] == "8"
    assert service.metric("mlops_predictions_total", role="challenger") == 2 * sum(
        one["role"] == "challenger" for one in alone
    )


def test_rows_without_entity_are_the_champions(service: Service, version_of: Any, row: Any):
    service.worker.install(Roles(version_of("8", 0.1), version_of("9", 0.9), canary_share=0.99))
    assert service.ask("POST", "/v1/predict", row).json["version"] == "8"


def test_an_entity_is_answered_from_its_latest_features(
    service_of: MakeService, row: dict[str, Any], export: Any, tmp_path: Path
):
    location = export({"f-1": row, "f-2": row | {"copy": None}})
    runtime = RuntimeSettings(online_store=location, log=tmp_path / "log")
    service = service_of(runtime)
    answer = service.ask("POST", "/v1/predict_by_entity", {"flight_id": "f-1"})
    assert answer.json["probability"] == service.ask("POST", "/v1/predict", row).json["probability"]
    assert answer.json["entity"] == "f-1"
    assert 0 <= answer.json["feature_age_seconds"] < 60
    assert answer.json["event_time"] == "2013-07-01T10:00:00+00:00"
    assert log_lines(tmp_path / "log")[0]["route"] == "predict_by_entity"
    assert service.metric("mlops_feature_age_seconds_count") == 1
    unknown = service.ask("POST", "/v1/predict_by_entity", {"flight_id": "f-3"})
    assert (unknown.problem, unknown.status) == ("unknown-entity", 404)
    lacking = service.ask("POST", "/v1/predict_by_entity", {"flight_id": "f-2"})
    assert (lacking.problem, lacking.status) == ("invalid-input", 422)
    assert set(lacking.faults) == {"copy"}


def test_stale_features_and_a_missing_store_are_refused(
    service_of: MakeService, row: dict[str, Any], export: Any, tmp_path: Path
):
    for location in (export({"f-1": row}, hours_ago=25), tmp_path / "nothing.sqlite"):
        service = service_of(RuntimeSettings(online_store=location))
        answer = service.ask("POST", "/v1/predict_by_entity", {"flight_id": "f-1"})
        assert (answer.problem, answer.status) == ("features-unavailable", 503)


def test_the_store_is_closed_when_the_service_stops(
    service_of: MakeService, row: dict[str, Any], export: Any
):
    location = export({"f-1": row})
    service = service_of(RuntimeSettings(online_store=location))

    def is_open() -> bool:
        return str(location) in {file.path for file in psutil.Process().open_files()}

    service.ask("POST", "/v1/predict_by_entity", {"flight_id": "f-1"})
    assert is_open()
    service.worker.stop()
    assert not is_open()


def test_the_documentation_needs_no_other_host(service: Service):
    page = service.ask("GET", "/")
    assert page.headers["content-type"].startswith("text/html")
    assert "http" not in page.text.replace("http-equiv", "")
    asyncio.run(service.send("GET", "/static_content/swagger-ui.css"))
    assert service.handed_on == ["/static_content/swagger-ui.css"]


def test_a_websocket_is_closed_and_a_lifespan_handed_on(service: Service):
    sent: list[Any] = []

    async def receive() -> dict[str, str]:
        return {"type": "websocket.connect"}

    async def send(message: Any) -> None:
        sent.append(message["type"])

    asyncio.run(service.front({"type": "websocket", "path": "/v1/predict"}, receive, send))
    asyncio.run(service.front({"type": "lifespan"}, receive, send))
    assert sent == ["websocket.close"]
    assert service.handed_on == ["lifespan"]
