"""Rows by the quick way and by the endpoint alone: not a byte of difference."""

import asyncio
import json
import random
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import pytest
from prometheus_client.parser import text_string_to_metric_families

from mlops_platform.serving.quick.quick_rows import QuickRows
from mlops_platform.serving.roles import Roles
from mlops_platform.serving.runtime import RuntimeSettings
from mlops_platform.serving.scoring.compiled.linear import LinearScore
from mlops_platform.serving.scoring.scorer import Scorer
from mlops_platform.spec.serving import PredictionLogSpec
from mlops_platform.tasks import DEFAULT_TASK

MakeService = Callable[..., Any]
# What differs between two answers of the same request.
MOMENT = re.compile(rb'"time":"[^"]+"|"latency_ms":[^,}]+')
ASKED = re.compile(rb'"request_id":"[^"]+","row":[0-9]+,"route":"[a-z_]+"')
BATCH = re.compile(rb'\{"(rows|columns)"')
BODIES, BATCHES = 3000, 300
WAYS = ("predict", "score_batch")


@dataclass
class Told:
    """Everything that a service says about some bodies: to clients, to its log, to Prometheus."""

    answers: list[tuple[int, str]]
    lines: list[bytes]
    counted: dict[tuple[str, frozenset[tuple[str, str]]], float]


async def _asked(service: Any, bodies: list[bytes]) -> list[tuple[int, str]]:
    answers = []
    for number, body in enumerate(bodies):
        path = "/v1/predict_batch" if BATCH.match(body) else "/v1/predict"
        headers = {"x-request-id": f"request-{number}"}
        answer = await service.send("POST", path, [body], headers=headers)
        answers.append((answer.status, answer.text))
    return answers


def told_by(service: Any, directory: Path, bodies: list[bytes]) -> Told:
    answers = asyncio.run(_asked(service, bodies))
    lines = [
        MOMENT.sub(b"", line)
        for file in sorted(directory.glob("predictions-*.jsonl"))
        for line in file.read_bytes().splitlines()
    ]
    families = text_string_to_metric_families(service.worker.metrics.exposition().decode())
    counted = {
        (sample.name, frozenset(sample.labels.items())): sample.value
        for family in families
        if family.name != "mlops_request_seconds"
        for sample in family.samples
    }
    return Told(answers, lines, counted)


@pytest.fixture
def quick_count(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """How many requests were answered by the quick way."""
    taken = [0]

    def counting(way: Callable[..., Any]) -> Callable[..., Any]:
        def counted(self: QuickRows, *arguments: Any) -> Any:
            answered = way(self, *arguments)
            taken[0] += answered is not None
            return answered

        return counted

    for name in WAYS:
        monkeypatch.setattr(QuickRows, name, counting(getattr(QuickRows, name)))
    return taken


@pytest.fixture
def compare(
    service_of: MakeService, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> Callable[..., Told]:
    """Ask a service, and one without the quick way; returns what both tell."""

    def make(bodies: list[bytes], **changes: Any) -> Told:
        logs = tmp_path / "quick", tmp_path / "precise"

        def service(log: Path) -> Any:
            started = service_of(RuntimeSettings(log=log), **changes)
            # It would come in the middle, and rounds otherwise than the compiled model.
            started.worker.roles.champion.scorer.require_pipeline()
            return started

        quick = told_by(service(logs[0]), logs[0], bodies)
        with monkeypatch.context() as patch:
            for name in WAYS:
                patch.setattr(QuickRows, name, lambda *_: None)
            precise = told_by(service(logs[1]), logs[1], bodies)
        for body, answered, expected in zip(bodies, quick.answers, precise.answers, strict=True):
            assert answered == expected, body
        assert quick.lines == precise.lines
        assert quick.counted == precise.counted
        return quick

    return make


def bodies_of(rows: list[dict[str, Any]], count: int) -> list[bytes]:
    """Rows as clients may write them, two in three of them as they should."""
    rng = random.Random(7)
    odd: list[Callable[[dict[str, Any]], str]] = [
        lambda row: json.dumps(row | {"carrier": rng.choice(["ZZ", 'a"b', "é", "\x7f", "a\\"])}),
        lambda row: json.dumps(
            row | {rng.choice(list(row)): rng.choice([None, True, "1", [], 1e31])}
        ),
        lambda row: json.dumps({name: row[name] for name in list(row)[1:]}),
        lambda row: json.dumps(row | {"more": 1}),
        lambda row: json.dumps(row)[:-1] + f',"copy":{rng.random()}}}',
        lambda row: json.dumps(row).replace("e", "\\u0065", rng.randint(1, 3)),
        lambda row: json.dumps(row)[: rng.randint(0, 120)],
        lambda row: json.dumps(row) + rng.choice([" ", "\n\t", "{}", "x", "\0"]),
        lambda row: json.dumps(row | {"copy": rng.choice([1e30, -1e30, 3e-320, 2**70, 0.1 + 0.2])}),
        lambda row: json.dumps(row).replace("0.", rng.choice(["-0.", "00.", "1e2", "."]), 1),
        lambda row: json.dumps(
            row | {"flight_id": rng.choice(["é" * 256, "a" * 257, "", None, 7])}
        ),
    ]

    def body() -> bytes:
        row = dict(rng.choice(rows))
        if rng.random() < 0.3:
            row["flight_id"] = f"flight-{rng.randint(1, 9)}"
        members = list(row.items())
        if rng.random() < 0.3:
            rng.shuffle(members)
        row = dict(members)
        if rng.random() < 0.35:
            text = rng.choice(odd)(row)
        else:
            spaces = rng.choice([None, (",", ":"), (" , ", "\t:\n")])
            text = json.dumps(row, ensure_ascii=rng.random() < 0.5, separators=spaces)
        encoded = text.encode()
        if rng.random() < 0.05:
            at = rng.randrange(len(encoded)) if encoded else 0
            encoded = encoded[:at] + bytes([rng.randrange(256)]) + encoded[at + 1 :]
        return encoded

    return [body() for _ in range(count)]


def test_thousands_of_bodies_are_answered_logged_and_counted_as_by_the_endpoint(
    compare: Callable[..., Told], usual_rows: list[dict[str, Any]], quick_count: list[int]
) -> None:
    told = compare(bodies_of(usual_rows, BODIES))
    statuses = {status for status, _ in told.answers}
    assert statuses == {200, 400, 422}
    assert 0.6 * BODIES < quick_count[0] < 0.9 * BODIES


def test_hundreds_of_batches_are_too(
    compare: Callable[..., Told],
    usual_rows: list[dict[str, Any]],
    quick_count: list[int],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    # Of up to 32 rows, so that batches are scored row by row and by columns.
    monkeypatch.setattr(LinearScore, "best_rows", 10)
    rng = random.Random(11)
    rows = bodies_of(usual_rows, 4000)
    plain = [json.dumps(row).encode() for row in usual_rows]
    bodies = []
    for _ in range(BATCHES):
        own = rng.choices(plain, k=rng.randint(1, 32))
        if rng.random() < 0.4:
            own[rng.randrange(len(own))] = rng.choice(rows)
        end = rng.choice([b"}"] * 18 + [b',"more":1}', b',"rows":[]}'])
        bodies.append(b'{"rows":[' + b",".join(own) + b"]" + end)
    told = compare(bodies)
    assert {status for status, _ in told.answers} == {200, 400, 422}
    assert 0.4 * BATCHES < quick_count[0] < 0.8 * BATCHES


def columns_of(rows: list[dict[str, Any]]) -> dict[str, list[Any]]:
    return {name: [row[name] for row in rows] for name in rows[0]}


def test_hundreds_of_columnar_batches_are_too(
    compare: Callable[..., Told],
    usual_rows: list[dict[str, Any]],
    quick_count: list[int],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(LinearScore, "best_rows", 10)
    rng = random.Random(13)
    odd: list[Callable[[dict[str, list[Any]]], Any]] = [
        lambda columns: columns["carrier"].append("AA"),
        lambda columns: columns["carrier"].__setitem__(0, rng.choice(["ZZ", 'a"b', 7, True])),
        lambda columns: columns["copy"].__setitem__(-1, rng.choice([None, "1", 1e31, [], 2**70])),
        lambda columns: columns.pop(rng.choice(list(columns))),
        lambda columns: columns.update(more=[1]),
        lambda columns: columns.update(flight_id=[None] * rng.randint(1, 32)),
    ]
    bodies = []
    for _ in range(BATCHES):
        columns = columns_of(rng.choices(usual_rows, k=rng.randint(1, 32)))
        if rng.random() < 0.4:
            columns["flight_id"] = [rng.choice([None, "é"]) for _ in columns["copy"]]
        members = list(columns.items())
        rng.shuffle(members)
        columns = dict(members)
        if rng.random() < 0.4:
            rng.choice(odd)(columns)
        spaces = rng.choice([(",", ":"), (" , ", "\t:\n")])
        text = json.dumps(columns, ensure_ascii=rng.random() < 0.5, separators=spaces)
        if rng.random() < 0.1:
            text = f'{text[:-1]},"copy":[1]}}'
        bodies.append(f'{{"columns":{text}}}'.encode())
    told = compare(bodies)
    assert {status for status, _ in told.answers} == {200, 400, 422}
    assert 0.3 * BATCHES < quick_count[0] < 0.8 * BATCHES


def test_a_row_is_answered_and_logged_alike_alone_and_in_a_batch_of_either_form(
    service_of: MakeService,
    usual_rows: list[dict[str, Any]],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(LinearScore, "best_rows", 10)
    usual = [row | {"flight_id": f"f-{at}"} for at, row in enumerate(usual_rows[:30])]
    columns = columns_of(usual)
    forms = ("alone", list(usual)), ("rows", [{"rows": usual}]), ("columns", [{"columns": columns}])
    answers, lines = [], []
    for name, sent in forms:
        bodies = [json.dumps(body).encode() for body in sent]
        told = told_by(service_of(RuntimeSettings(log=tmp_path / name)), tmp_path / name, bodies)
        texts = [json.loads(text) for _, text in told.answers]
        rows = texts if name == "alone" else texts[0]["predictions"]
        own = [{key: row[key] for key in row if key not in ("model", "request_id")} for row in rows]
        answers.append(json.dumps(own))
        lines.append([ASKED.sub(b"", line) for line in told.lines])
    assert answers[0] == answers[1] == answers[2]
    assert lines[0] == lines[1] == lines[2]


@pytest.mark.parametrize(
    "log",
    [
        PredictionLogSpec(redact=("carrier",)),
        PredictionLogSpec(redact=("flight_id", "late_rate")),
        PredictionLogSpec(sample=0.3),
    ],
)
def test_the_log_leaves_out_the_same(
    compare: Callable[..., Told],
    usual_rows: list[dict[str, Any]],
    quick_count: list[int],
    log: PredictionLogSpec,
) -> None:
    bodies = [
        json.dumps(row | {"flight_id": f"f-{number}"}).encode()
        for number, row in enumerate(usual_rows[:40])
    ]
    told = compare(bodies, log=log)
    assert quick_count[0] == 40
    assert (0 < len(told.lines) < 40) == (log.sample < 1)


def test_a_row_is_logged_before_it_is_answered(
    service_of: MakeService, row: dict[str, Any], tmp_path: Path
) -> None:
    service = service_of(RuntimeSettings(log=tmp_path))
    seen = []
    send = service.front

    async def front(scope: Any, receive: Any, send_on: Any) -> None:
        async def looking(message: Mapping[str, Any]) -> None:
            seen.append([file.read_text() for file in tmp_path.glob("predictions-*")])
            await send_on(message)

        await send(scope, receive, looking)

    service.front = front
    service.ask("POST", "/v1/predict", row)
    assert '"probability":' in seen[0][0]


def test_what_serves_now_answers(
    service_of: MakeService, row: dict[str, Any], quick_count: list[int]
) -> None:
    service = service_of()
    first = service.worker.roles.champion
    release = first.release.model_copy(update={"version": "9", "sequence": 12})
    second = replace(first, contents=replace(first.contents, release=release))
    versions = []
    for champion in (first, second, first):
        service.worker.install(Roles(champion))
        answer = service.ask("POST", "/v1/predict", row).json
        versions.append((answer["version"], answer["sequence"]))
    assert versions == [("1", 4), ("9", 12), ("1", 4)]
    assert quick_count[0] == 3


def test_a_challenger_and_a_plain_pipeline_are_left_to_the_endpoint(
    service_of: MakeService, row: dict[str, Any], quick_count: list[int], model: Any
) -> None:
    service = service_of()
    champion = service.worker.roles.champion
    plain = Scorer(champion.scorer.schema, DEFAULT_TASK, model, compiled=False)
    for roles in (Roles(champion, champion), Roles(replace(champion, scorer=plain))):
        service.worker.install(roles)
        assert service.ask("POST", "/v1/predict", row).status == 200
    assert quick_count[0] == 0
