"""What an exported program takes, refuses and answers, as a module, WSGI and Lambda have it."""

import base64
import io
import json
from functools import cache
from typing import Any
from wsgiref.util import setup_testing_defaults
from wsgiref.validate import validator

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mlops_platform.exporting.verification import served
from mlops_platform.serving.schema import unknown_text
from mlops_platform.serving.scoring.rounding import relative_difference
from tests.exporting.conftest import VERSIONS, binary_version, loaded, regression_version, some_rows
from tests.serving.scoring.compiled.test_model import HOSTILE

ROW: dict[str, Any] = {
    "distance": 900,
    "rate": None,
    HOSTILE: 1e9,
    "day": 3.0,
    "carrier": "B6",
    "origin": "EWR",
}


@pytest.fixture(scope="module")
def scorer() -> Any:
    return loaded(binary_version("logistic"))


def asked(scorer: Any, path: str, body: Any, method: str = "POST") -> tuple[str, Any]:
    """By WSGI, whose rules the validator of the standard library holds both sides to."""
    content = body if isinstance(body, bytes) else json.dumps(body).encode()
    environ: dict[str, Any] = {
        "REQUEST_METHOD": method,
        "PATH_INFO": path,
        "CONTENT_LENGTH": str(len(content)),
        "wsgi.input": io.BytesIO(content),
        "QUERY_STRING": "",
        "SCRIPT_NAME": "",
    }
    setup_testing_defaults(environ)
    said: list[Any] = []

    def start_response(status: str, headers: Any, error: Any = None) -> Any:
        said.extend((status, dict(headers)))
        return lambda data: None

    answered = validator(scorer.app)(environ, start_response)
    body = b"".join(answered)
    answered.close()
    assert said[1]["Content-Length"] == str(len(body))
    return said[0], json.loads(body)


def test_a_row_is_answered_as_the_service_does(scorer: Any) -> None:
    status, answer = asked(scorer, "/v1/predict", {**ROW, "key": "row-1", "carrier": "new"})

    [expected] = served(binary_version("logistic"), [{**ROW, "carrier": "new"}], shown=True)
    assert status == "200 OK"
    assert expected.answer is not None
    assert answer["probability"] == pytest.approx(expected.answer["probability"], abs=1e-12)
    assert answer["decision"] == expected.answer["decision"]
    assert answer["entity"] == "row-1"
    assert [warning["field"] for warning in answer["warnings"]] == ["carrier"]
    assert (answer["model"], answer["version"], answer["sequence"]) == ("compiled", "3", 2)


@pytest.mark.parametrize(
    ("change", "field", "fix"),
    [
        ({"distance": ...}, "distance", "Send the field"),
        ({"distance": None}, "distance", "Send a number."),
        ({"distance": "12"}, "distance", "Send a number."),
        ({"distance": True}, "distance", "Send a number."),
        ({"distance": 1e31}, "distance", "Send a number from"),
        ({"distance": 10**400}, "distance", "Send a number from"),
        ({"distance": float("nan")}, "distance", "Send a finite number"),
        ({"carrier": 7}, "carrier", "Send a string."),
        ({"carrier": "A\0"}, "carrier", "without NUL"),
        ({"carrier": "x" * 257}, "carrier", "at most 256"),
        ({"key": 3}, "key", "Send a string."),
        ({"colour": "red"}, "colour", "Leave it out"),
    ],
)
def test_what_is_wrong_about_a_row_is_told_by_its_field(
    scorer: Any, change: dict[str, Any], field: str, fix: str
) -> None:
    row = {name: value for name, value in {**ROW, **change}.items() if value is not ...}

    status, problem = asked(scorer, "/v1/predict", row)

    assert status == "400 Bad Request"
    [error] = problem["errors"]
    assert error["field"] == field
    assert fix in error["fix"]
    assert field in problem["detail"]


def test_of_a_batch_the_row_is_named(scorer: Any) -> None:
    status, answer = asked(scorer, "/v1/predict_batch", {"rows": [ROW, ROW]})
    assert status == "200 OK"
    assert len(answer["predictions"]) == 2

    status, problem = asked(scorer, "/v1/predict_batch", {"rows": [ROW, {**ROW, "day": "x"}]})

    assert status == "400 Bad Request"
    assert [error["field"] for error in problem["errors"]] == ["rows.1.day"]


@pytest.mark.parametrize("body", [b"", b"{", b"\xff", b"[" * 100_000, b"[1]", b"null"])
def test_a_body_that_is_no_row_is_refused(scorer: Any, body: bytes) -> None:
    status, problem = asked(scorer, "/v1/predict", body)

    assert status == "400 Bad Request"
    assert problem["type"].startswith("urn:mlops-platform:problem:")


@pytest.mark.parametrize(
    ("method", "path", "status"),
    [
        ("POST", "/", "404 Not Found"),
        ("GET", "/v1/predict", "405 Method Not Allowed"),
        ("GET", "/v1/model", "200 OK"),
    ],
)
def test_other_requests(scorer: Any, method: str, path: str, status: str) -> None:
    assert asked(scorer, path, {}, method)[0] == status


def test_a_body_that_is_too_large_is_not_read(scorer: Any) -> None:
    assert asked(scorer, "/v1/predict", b" " * (2**20 + 1))[0] == "413 Content Too Large"


def test_lambda_is_asked_by_gateways_and_directly(scorer: Any) -> None:
    body = json.dumps(ROW)
    second = {"rawPath": "/live/v1/predict", "requestContext": {"http": {"method": "POST"}}}
    first = {"path": "/v1/predict", "httpMethod": "POST", "requestContext": {"stage": "live"}}
    encoded = {"body": base64.b64encode(body.encode()).decode(), "isBase64Encoded": True}

    expected = scorer.score(ROW)
    for event in ({**second, "body": body}, {**first, "body": body}, {**first, **encoded}):
        answered = scorer.handler(event, None)
        assert answered["statusCode"] == 200
        assert json.loads(answered["body"]) == expected
    assert scorer.handler(ROW, None) == expected
    assert scorer.handler({**first, "body": "{}"}, None)["statusCode"] == 400
    with pytest.raises(scorer.InvalidRow, match="distance"):
        scorer.handler({}, None)


NUMBERS = st.floats(-1e30, 1e30) | st.floats(-3, 3) | st.integers(-(10**9), 10**9)
TEXTS = st.sampled_from(["AA", "B6", "EWR", "nan", "None", ""]) | st.text(max_size=20).filter(
    lambda text: "\0" not in text
)


NO_SERIES: list[dict[str, Any]] = [{}, {"series": None}]


@cache
def program_of(name: str) -> Any:
    return loaded(VERSIONS[name]())


@pytest.mark.parametrize("name", ["binary: logistic", "binary: forest", "classes: histogram"])
@settings(max_examples=60, deadline=None)
@given(data=st.data())
def test_whatever_a_row_holds_it_is_answered_as_by_the_pipeline(name: str, data: Any) -> None:
    version = VERSIONS[name]()
    row = dict(some_rows(version).own[0])
    for column in version.schema.columns:
        values: Any = NUMBERS if column.kind == "numeric" else TEXTS
        if column.missing_allowed:
            values = st.none() | values
        if data.draw(st.booleans()):
            row[column.name] = data.draw(values)
    program = program_of(name)

    [expected] = served(version, [row], shown=True)

    if expected.answer is None:
        with pytest.raises(program.InvalidRow):
            program.score(row)
        return
    numbers = program.numbers(row)
    assert max(map(relative_difference, expected.numbers, numbers)) <= 1e-6
    answer = program.score(row)
    again = version.task.shown(version.task.answer(numbers, version.constants))
    assert {field: answer[field] for field in again} == again


def test_a_forecast_says_that_no_series_is_named_and_what_its_interval_promises() -> None:
    version = VERSIONS["forecast: trees of the outcome"]()
    (series,) = version.task.told_if_missing
    row = dict(some_rows(version).own[0])

    plain, without = (
        program_of("forecast: trees of the outcome").score(row | change) for change in NO_SERIES
    )

    assert (plain["warnings"], plain["coverage"]) == ([], version.task.coverage)
    assert [warning["message"] for warning in without["warnings"]] == [unknown_text(series, None)]


def test_a_row_without_an_answer_is_refused() -> None:
    """The expected loss of a linear model may come out negative, which nobody is told."""
    version = regression_version("histogram, of a logarithm")
    program = loaded(version)
    row = {"distance": 1e30, "wind": None, "carrier": "AA"}

    [expected] = served(version, [row], shown=True)

    assert (expected.answer is None) == _refuses(program, row)


def _refuses(program: Any, row: dict[str, Any]) -> bool:
    try:
        program.score(row)
    except program.InvalidRow:
        return True
    return False
